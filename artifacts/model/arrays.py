"""Groups of plain arrays on disk: each field of a frozen dataclass is one `.npy` file, opened by memory map."""

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Group = TypeVar("Group")


def save_arrays(directory: Path, name: str, group: Any) -> None:
    """Write every field of the dataclass `group` as `<name>.<field>.npy`. Fields are numpy arrays."""
    for field in fields(group):
        np.save(directory / f"{name}.{field.name}.npy", getattr(group, field.name), allow_pickle=False)


def open_arrays(directory: Path, name: str, group: type[Group]) -> Group:
    """Open a dataclass that `save_arrays` wrote; nothing is read before it is used.

    Raises FileNotFoundError or ValueError for a missing or malformed file.
    """
    return group(
        **{
            field.name: open_array(directory / f"{name}.{field.name}.npy")
            for field in fields(group)  # type: ignore[arg-type]
        }
    )


def open_array(path: Path) -> np.ndarray[Any, Any]:
    """A read-only memory-mapped array, as a base ndarray: slicing np.memmap costs a microsecond more each time."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))

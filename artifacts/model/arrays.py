"""Plain arrays on disk, each a `.npy` file that is opened by memory map, and dataclasses of them."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np

Arrays = TypeVar("Arrays")


def save_arrays(directory: Path, name: str, arrays: Any) -> None:
    """Write an array as `<name>.npy`, and a dataclass of arrays, or of such dataclasses, each field as
    `<name>.<field>`."""
    if isinstance(arrays, np.ndarray):
        np.save(directory / f"{name}.npy", arrays, allow_pickle=False)
        return
    for field in fields(arrays):
        save_arrays(directory, f"{name}.{field.name}", getattr(arrays, field.name))


def open_arrays(directory: Path, name: str, kind: type[Arrays]) -> Arrays:
    """Open what `save_arrays` wrote of that type; nothing is read before it is used.

    Raises FileNotFoundError or ValueError for a missing or malformed file.
    """
    if not is_dataclass(kind):
        return open_array(directory / f"{name}.npy")  # type: ignore[return-value]
    kinds = get_type_hints(kind)
    return kind(
        **{field.name: open_arrays(directory, f"{name}.{field.name}", kinds[field.name]) for field in fields(kind)}
    )


def open_array(path: Path) -> np.ndarray[Any, Any]:
    """A read-only memory-mapped array, as a base ndarray: slicing np.memmap costs a microsecond more each time."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))

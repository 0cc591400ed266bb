"""Disks of a test's own: one with little room, for what happens when it is full, and one that goes away."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(path: Path, n_bytes: int, *options: str) -> Iterator[Path]:
    """A file system of so many bytes, in memory, at `path`; skips the test where none can be mounted."""
    path.mkdir()
    with mounted("-t", "tmpfs", "-o", ",".join([f"size={n_bytes}", *options]), "none", str(path)):
        yield path


@contextmanager
def mounted(*arguments: str) -> Iterator[None]:
    """What `mount` mounts for these arguments, the last of them the place; skips the test where it may not."""
    try:
        subprocess.run(["mount", *arguments], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", arguments[-1]], check=True, capture_output=True)


def fill(path: Path) -> None:
    """Take all the room that a file's disk has left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass

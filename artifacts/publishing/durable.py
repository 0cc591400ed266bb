"""Changes to the disk that outlast a crash, and locks that a crash lets go of."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sync(path: Path) -> None:
    """Have the system write a file's content, or a directory's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_text(path: Path, text: str) -> None:
    """Give a file a new content at once: a reader, or a crash, sees the old content or the new one."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    sync(draft)
    os.replace(draft, path)  # noqa: PTH105
    sync(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's exclusive lock, after waiting for it; the system lets go of it when the process dies."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_locked(path: Path) -> bool:
    """Whether some process, this one too, holds the file's lock; a missing file is not locked."""
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False

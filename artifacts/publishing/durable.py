"""Changes to the disk that outlast a crash, and locks that a crash lets go of."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE


def sync(path: Path) -> None:
    """Have the system write a file's content, or a directory's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_text(path: Path, text: str, mode: int = 0o666) -> None:
    """Give a file a new content at once: a reader, or a crash, sees the old content or the new one.

    The file keeps its permissions, and its owner where the system lets this user give files away; one that was not
    there gets `mode`, less the umask. Raises OSError, and leaves nothing behind then.
    """
    draft = path.with_name(path.name + ".new")
    try:
        draft.unlink(missing_ok=True)  # of a process that died
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            _take_after(path, file.fileno())
            file.write(text)
        sync(draft)
        os.replace(draft, path)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _take_after(path: Path, descriptor: int) -> None:
    """Give an open file the owner and the permissions of the file at `path`, if there is one."""
    with suppress(FileNotFoundError):
        _give_to_owner_of(path, descriptor)
        os.fchmod(descriptor, S_IMODE(path.stat().st_mode))


def _give_to_owner_of(path: Path, descriptor: int) -> None:
    stat = path.stat()
    with suppress(PermissionError):
        os.fchown(descriptor, stat.st_uid, stat.st_gid)


@contextmanager
def locked(path: Path, of: Path | None = None) -> Iterator[None]:
    """Hold a file's exclusive lock, after waiting for it; the system lets go of it when the process dies.

    The file is made where there is none, for the owner of the file `of`, who is to be able to lock it as well.
    """
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if of is not None:
            with suppress(FileNotFoundError):
                _give_to_owner_of(of, file.fileno())
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

"""A full disk, told as such: which one, how much room it has, and what was to be written."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artifacts.errors import DiskFullError

# Libraries put what the system said into errors of their own, and NumPy only how much it has written.
_FULL, _QUOTA = (os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT))
_SQLITE_FULL = "database or disk is full"
_SHORT_WRITE = re.compile(r"^\d+ requested and \d+ written$")
_ROOM = 1 << 20  # bytes; with more, it was not the disk that had no room for a file


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Raises DiskFullError in place of whatever error says that there was no room; it names the file where the error
    does, else `path`."""
    try:
        yield
    except DiskFullError:
        raise
    except Exception as error:
        if (told := told_of_full_disk(error, path)) is not None:
            raise DiskFullError(told) from error
        raise


def told_of_full_disk(error: Exception, path: Path) -> str | None:
    """What to tell of an error met while writing to `path`; None where it is another one than of a lack of room."""
    named = error.filename if isinstance(error, OSError) and isinstance(error.filename, str) else None
    number, text = getattr(error, "errno", None), str(error)
    short = _SHORT_WRITE.match(text) is not None
    says_so = any(words in text for words in (_FULL, _QUOTA, _SQLITE_FULL))
    if not short and number not in (errno.ENOSPC, errno.EDQUOT) and not says_so:
        return None
    disk = _mount(path)
    usage = shutil.disk_usage(disk)
    free = f"{usage.free:,} of {usage.total:,} bytes are free on {disk}"
    if number == errno.EDQUOT or _QUOTA in text:
        return f"{named or path}: cannot be written: the quota is used up: {free}"
    if short and usage.free > _ROOM:
        return f"{path}: cannot be written: {free}: is there a quota, or a limit on the size of files?"
    return f"{named or path}: cannot be written: the disk is full: {free}"


def _mount(path: Path) -> Path:
    """Where the disk that holds a path, or will, is mounted."""
    path = path.absolute()
    while not path.is_mount():
        path = path.parent
    return path

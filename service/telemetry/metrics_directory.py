"""Where the workers keep their metrics: files in memory, removed once the service that made them is gone."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from artifacts.publishing.durable import is_locked

PREFIX = "aisle-metrics-"
WORKER_BYTES = 1 << 20  # a worker's files, with room to grow: where they cannot, the system kills it
_LOCK = "lock"
_YOUNG_SECONDS = 60  # a directory that is being made has no lock yet


class NoRoomError(Exception):
    """No directory has room for the metrics; the message says how much each has."""


def roomy_directory(candidates: Sequence[Path], n_workers: int) -> Path:
    """The first directory with room for the metrics of so many workers, once those of dead services are removed.

    Raises NoRoomError.
    """
    needed = n_workers * WORKER_BYTES
    found = []
    for directory in candidates:
        if not os.access(directory, os.W_OK):
            found.append(f"{directory} cannot be written to")
            continue
        remove_abandoned(directory)
        free = shutil.disk_usage(directory).free
        if free >= needed:
            return directory
        found.append(f"{directory} has {free:,} bytes free")
    raise NoRoomError(f"no room for the metrics of {n_workers} workers, {needed:,} bytes: {'; '.join(found)}")


def make_directory(parent: Path) -> Path:
    """A directory of this process and those it forks: it counts as theirs until the last of them is dead."""
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    draft = directory / f"{_LOCK}.new"
    descriptor = os.open(draft, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)  # never closed: closing lets go of the lock
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    draft.rename(directory / _LOCK)
    return directory


def remove_abandoned(parent: Path) -> None:
    """Remove what services left behind that were killed: nobody else would, and in the end there is no room."""
    for directory in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if not _is_owned(directory):
                shutil.rmtree(directory, ignore_errors=True)


def _is_owned(directory: Path) -> bool:
    """Whether a process lives that has the lock, or, where there is none, that a file is named after."""
    if (directory / _LOCK).exists():
        return is_locked(directory / _LOCK)
    return time.time() - directory.stat().st_mtime < _YOUNG_SECONDS or any(map(_lives, _process_ids(directory)))


def _process_ids(directory: Path) -> Iterator[int]:
    """Of the processes whose metrics are in a directory: counter_1234.db."""
    for path in directory.glob("*_*.db"):
        number = path.stem.rpartition("_")[2]
        if number.isdecimal():
            yield int(number)


def _lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""Where the workers keep their metrics: files in memory, or else on a disk, removed once the service that made them is
gone.

A worker writes to its files by memory map: without room for what it writes there, the system kills it. So it takes its
room before it begins, in the first directory that has some.
"""

import fcntl
import os
import shutil
import struct
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from artifacts.publishing.durable import is_locked

METRICS_DIRECTORIES = "AISLE_METRICS_DIRECTORIES"  # set for the workers by gunicorn.conf.py
PREFIX = "aisle-metrics-"
# Bytes of a worker's files, by the name that the library gives them: a histogram has 16 numbers for each route, method
# and status.
_RESERVED = {"histogram": 1 << 19, "counter": 1 << 17, "gauge_livesum": 1 << 16, "gauge_livemin": 1 << 16}
WORKER_BYTES = 1 << 20  # all of these, and some for the files' own administration
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


def make_directories(parents: Iterable[Path]) -> list[Path]:
    """A directory in each of these that can be written to, once those of dead services are removed."""
    made = []
    for parent in parents:
        with suppress(OSError):
            remove_abandoned(parent)
            made.append(make_directory(parent))
    return made


def joined(directories: Iterable[Path]) -> str:
    """Directories as the value of METRICS_DIRECTORIES."""
    return os.pathsep.join(map(str, directories))


def metrics_directories(environ: Mapping[str, str]) -> list[Path]:
    """The directories that workers may have their metrics in; none where there is one process alone."""
    text = environ.get(METRICS_DIRECTORIES) or environ.get("PROMETHEUS_MULTIPROC_DIR") or ""
    return [Path(one) for one in text.split(os.pathsep) if one]


def reserve(directories: Iterable[Path], process_id: int) -> Path:
    """Take the room for a process's metrics in the first directory that has it, and answer which. Raises NoRoomError.

    The library takes files that are there, and full of zeros, for empty ones.
    """
    failures = []
    for directory in directories:
        try:
            for kind, n_bytes in _RESERVED.items():
                _allocate(directory / f"{kind}_{process_id}.db", n_bytes)
        except OSError as error:
            forget_worker([directory], process_id)
            failures.append(f"{directory}: {error.strerror}")
        else:
            return directory
    raise NoRoomError(f"no room for the metrics of a worker: {'; '.join(failures)}")


def forget_worker(directories: Iterable[Path], process_id: int) -> None:
    """Remove the gauges of a process that is gone; what it counted stays counted, and takes no more room than that."""
    for directory in directories:
        for path in directory.glob(f"*_{process_id}.db"):
            with suppress(OSError, struct.error):
                if path.name.startswith("gauge_live"):
                    path.unlink()
                else:
                    _cut(path)


def _allocate(path: Path, n_bytes: int) -> None:
    """Make a file of zeros that no reader sees unfinished."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, n_bytes)
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _cut(path: Path) -> None:
    """Shorten a file to what is used of it, which its first four bytes tell."""
    with path.open("r+b") as file:
        (used,) = struct.unpack("i", file.read(4))
        file.truncate(max(used, 8))  # these and their padding are always there


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

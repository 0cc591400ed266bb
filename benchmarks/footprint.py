"""What Linux says of a running service's memory, and of files in the page cache."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

KIB = 1024
MEGABYTE = 10**6


def proportional_set(pids: Iterable[int]) -> float:
    """Megabytes of memory (10^6 bytes) of processes: pages that several share count for each by its share."""
    return sum(_pss_kib(pid) for pid in pids) * KIB / MEGABYTE


def maps(pid: int, directory: Path) -> bool:
    """Whether a process has files of a directory mapped."""
    return f" {directory.resolve()}/" in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")


def drop_from_page_cache(directory: Path) -> None:
    """Have a directory's files read from the disk the next time, unless a process has them mapped."""
    for path in directory.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())  # a page that is yet to be written stays
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _pss_kib(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    found = re.search(r"^Pss: +([0-9]+) kB$", rollup, re.MULTILINE)
    return int(found[1]) if found else 0

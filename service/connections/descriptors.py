"""How many connections the file descriptors of a process are enough for."""

import resource
from pathlib import Path

from service.limits import DESCRIPTORS_A_THREAD, DESCRIPTORS_KEPT


def connection_limit(most: int, descriptors: int, n_open: int, threads: int) -> int:
    """At most `most`, and no more than leaves room for files: of `descriptors`, `n_open` are taken already."""
    return max(1, min(most, descriptors - n_open - DESCRIPTORS_KEPT - DESCRIPTORS_A_THREAD * threads))


def descriptors() -> int:
    """How many this process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft


def open_descriptors() -> int:
    """How many it has."""
    return len(list(Path("/proc/self/fd").iterdir()))

"""Memory that the C library keeps for later, though a large body has long been answered."""

import ctypes

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own: musl keeps little


def give_memory_back() -> None:
    """Hand what is free back to the system. It takes some milliseconds, and only after a large body."""
    if _trim is not None:
        _trim(0)

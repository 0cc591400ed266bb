"""What a worker's threads may take of the machine."""

import ctypes
import os
from contextlib import suppress

_COMPUTING = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_M_ARENA_MAX = -8  # of glibc's malloc.h


def restrain_threads() -> None:
    """Have this process compute with one thread, and keep the memory that all its threads free in one heap.

    Before anything imports numpy or FAISS, which read the variables once. Workers are as many as there are processors:
    with more threads than one each they would fight over them, whatever the variables say for other programs. And of a
    heap for each thread, as glibc has it, every one keeps what the largest answer took.
    """
    os.environ.update(dict.fromkeys(_COMPUTING, "1"))
    with suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)

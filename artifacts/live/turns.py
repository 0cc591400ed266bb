"""Whose turn it is to write, among the processes that share a SQLite file.

SQLite has those who wait for its lock sleep longer and longer, and lets whoever comes at the right moment go first: one
process that writes all the time keeps the others out, for seconds.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from artifacts.live.errors import LiveTimeoutError

SUFFIX = "-turns"
POLL_SECONDS = 0.0005
_NEXT, _WRITING = 0, 1  # the bytes of the file that are locked


class Turns:
    """A file beside the database, of which each process locks two bytes: who has one writes, who has the other is next.

    Nobody who just wrote writes again before who is next. The locks of a process that is killed are gone with it. They
    are for fairness alone, as SQLite has its own: where the file cannot be made, writers go without.
    """

    def __init__(self, name: str, database: Path) -> None:
        """`name` is the store's, for errors."""
        self._name = name
        self._path = database.with_name(database.name + SUFFIX)
        self._file: int | None = None

    def open(self) -> None:
        """Open the file, again where it may be another one by now."""
        self.close()
        with suppress(OSError):
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def close(self) -> None:
        """Close the file: there are no turns until it is opened."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Wait for this process's turn, `seconds` at most; one thread at a time. Raises LiveTimeoutError."""
        file = self._file
        if file is None:
            yield
            return
        deadline = time.monotonic() + seconds
        self._lock(file, _NEXT, deadline)
        try:
            self._lock(file, _WRITING, deadline)
        finally:
            _unlock(file, _NEXT)
        try:
            yield
        finally:
            _unlock(file, _WRITING)

    def _lock(self, file: int, byte: int, deadline: float) -> None:
        """Asked again and again: a lock that is waited for has no time-out."""
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LiveTimeoutError(f"{self._name}: other processes' writes take too long") from None
                time.sleep(POLL_SECONDS)
            except OSError:  # closed meanwhile, or a file system without locks
                return
            else:
                return


def _unlock(file: int, byte: int) -> None:
    with suppress(OSError):
        fcntl.lockf(file, fcntl.LOCK_UN, 1, byte)

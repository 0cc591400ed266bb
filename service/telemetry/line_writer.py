"""Lines for a descriptor that may not be read: who logs never waits, and what does not fit is dropped and counted."""

import atexit
import os
import select
from collections import deque
from collections.abc import Callable
from threading import Event, Lock, Thread

MAX_WAITING_BYTES = 1 << 20  # of a process: some thousand lines
WRITE_SECONDS = 0.1  # how long a line waits for others to be written with
EXIT_SECONDS = 1.0  # how long a process that ends waits for who reads its lines


class LineWriter:
    """Writes lines to a descriptor from a thread of its own.

    Where it cannot write, MAX_WAITING_BYTES wait and further lines are dropped; once lines flow again, the line that
    `tell` makes of their number is written first.
    """

    def __init__(self, descriptor: int, tell: Callable[[int], bytes]) -> None:
        self._descriptor = descriptor
        self._tell = tell
        self._count: Callable[[int], None] = lambda _: None
        self.begin()

    def begin(self) -> None:
        """Begin with nothing: what waits in a process that forks is its own to write."""
        self._lock = Lock()
        self._wake, self._ending = Event(), Event()
        self._lines: deque[bytes] = deque()
        self._n_bytes = self._dropped = 0
        self._thread: Thread | None = None

    def on_drop(self, count: Callable[[int], None]) -> None:
        """Have `count` called with the number of lines that were dropped, at once."""
        self._count = count

    def write(self, line: bytes) -> None:
        """Have a line written soon, its end included."""
        with self._lock:
            fits = self._n_bytes + len(line) <= MAX_WAITING_BYTES
            if fits:
                self._lines.append(line)
                self._n_bytes += len(line)
            if self._thread is None:
                self._thread = Thread(target=self._run, name=f"lines of {self._descriptor}", daemon=True)
                self._thread.start()
        if not fits:
            self._drop(1)
        elif not self._wake.is_set():
            self._wake.set()

    def end(self) -> None:
        """Write what waits, for the last time; where nobody reads it, give up after EXIT_SECONDS."""
        if self._thread is not None:
            self._ending.set()
            self._wake.set()
            self._thread.join(EXIT_SECONDS)

    def _run(self) -> None:
        while not self._ending.is_set():
            self._wake.wait()
            self._ending.wait(WRITE_SECONDS)
            self._wake.clear()
            self._write_waiting()

    def _write_waiting(self) -> None:
        while self._tell_of_dropped() and (lines := self._taken()):
            if not self._put(b"".join(lines)):
                self._drop(len(lines))

    def _tell_of_dropped(self) -> bool:
        """Whether lines flow, as far as this can be told."""
        dropped = self._dropped
        if dropped:
            if not self._put(self._tell(dropped)):
                return False
            with self._lock:
                self._dropped -= dropped
        return True

    def _taken(self) -> list[bytes]:
        """The next lines, as many as a pipe takes without mixing them with those of other processes; or one."""
        lines: list[bytes] = []
        n_bytes = 0
        with self._lock:
            while self._lines and (not lines or n_bytes + len(self._lines[0]) <= select.PIPE_BUF):
                lines.append(self._lines.popleft())
                n_bytes += len(lines[-1])
            self._n_bytes -= n_bytes
        return lines

    def _put(self, chunk: bytes) -> bool:
        """Write all of it, however long that takes; whether that was possible."""
        left = memoryview(chunk)
        try:
            while left:
                try:
                    left = left[os.write(self._descriptor, left) :]
                except BlockingIOError:
                    select.select((), (self._descriptor,), ())
        except OSError:
            return False
        return True

    def _drop(self, n_lines: int) -> None:
        with self._lock:
            self._dropped += n_lines
        self._count(n_lines)


def process_writer(descriptor: int, tell: Callable[[int], bytes]) -> LineWriter:
    """The writer of a process and, each for itself, those that it forks; what waits at its end is written."""
    writer = LineWriter(descriptor, tell)
    os.register_at_fork(after_in_child=writer.begin)
    atexit.register(writer.end)
    return writer

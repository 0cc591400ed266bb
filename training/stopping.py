"""A run that is told to stop, by Ctrl-C or SIGTERM, cleans up after itself and ends in one line."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Terminated(SystemExit):
    """SIGTERM came. Whoever does not catch it ends silently, with the exit code of a terminated process."""

    def __init__(self) -> None:
        super().__init__(exit_code(signal.SIGTERM))


def exit_code(number: int) -> int:
    """What a shell reports of a process that ended by a signal."""
    return 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Within, the first of `SIGNALS` raises KeyboardInterrupt or Terminated, and those after it are ignored: cleaning
    up is not interrupted in its turn. Does nothing outside the main thread, which no signal reaches."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_at_once() -> None:
    """End silently at a signal from now on: as long as libraries are loaded, there is nothing to clean up."""
    for number in SIGNALS:
        signal.signal(number, _exit)


def _exit(number: int, _: FrameType | None) -> None:
    raise SystemExit(exit_code(number))


def _stop(number: int, _: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated

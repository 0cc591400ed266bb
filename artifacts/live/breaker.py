"""A circuit breaker: what failed several times in a row is left alone for a moment."""

from threading import Lock

FAILURES = 3
PAUSE_SECONDS = 2.0


class Breaker:
    """Closed, it admits everybody. After `FAILURES` failures in a row it is open for `PAUSE_SECONDS`, then admits one
    caller at a time: a success closes it, a failure opens it again.

    Times are seconds of one monotonic clock. A caller that was admitted reports how it went.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._next_probe = 0.0
        self._lock = Lock()

    @property
    def open(self) -> bool:
        """Whether the last calls failed."""
        return self._failures >= FAILURES

    def admits(self, now: float) -> bool:
        """Whether to go ahead; of those who ask when a pause is over, one may."""
        if self._failures < FAILURES:
            return True
        with self._lock:
            if now < self._next_probe:
                return False
            self._next_probe = now + PAUSE_SECONDS
            return True

    def succeeded(self) -> None:
        """Note a success."""
        if self._failures:
            self._failures = 0

    def failed(self, now: float) -> None:
        """Note a failure."""
        with self._lock:
            self._failures += 1
            self._next_probe = now + PAUSE_SECONDS

"""Bytes of memory and disk that a worker's connections share."""

from threading import Lock


class Budget:
    """At most `n_bytes` at once; each taker counts as `least` at least, so that their number is bounded too."""

    def __init__(self, n_bytes: int, least: int = 1) -> None:
        self._left = n_bytes
        self._least = least
        self._lock = Lock()

    def reserve(self, n_bytes: int) -> int:
        """How many bytes are the caller's now; 0 where there is no room."""
        wanted = max(n_bytes, self._least)
        with self._lock:
            if wanted > self._left:
                return 0
            self._left -= wanted
        return wanted

    def release(self, reserved: int) -> None:
        """Give back what `reserve` answered."""
        with self._lock:
            self._left += reserved

"""How many connections each worker has, for all of them to see: whoever has most leaves the next one to the others."""

import mmap
import time

import numpy as np

MAX_SHARES = 1024  # twice as many as there can be workers: while they are exchanged there are old and new ones
_FORGOTTEN_SECONDS = 3.0  # a worker that is dead or stuck counts for nothing


class Shares:
    """Made before the fork, in memory that the workers share: counts, and when each was last confirmed."""

    def __init__(self) -> None:
        # Two arrays of 8 bytes a worker.
        memory = mmap.mmap(-1, 2 * 8 * MAX_SHARES)
        self.counts = np.frombuffer(memory, np.int64, MAX_SHARES)
        self.confirmed = np.frombuffer(memory, np.float64, MAX_SHARES, self.counts.nbytes)  # `time.monotonic`


class Share:
    """What one worker, by gunicorn's number for it, tells the others and knows of them."""

    def __init__(self, shares: Shares, number: int) -> None:
        self._shares = shares
        self._own = number % MAX_SHARES

    def publish(self, count: int) -> None:
        """Say how many connections this worker has."""
        self._shares.counts[self._own] = count

    def confirm(self) -> None:
        """Say that it takes connections."""
        self._shares.confirmed[self._own] = time.monotonic()

    def leave(self) -> None:
        """Say that it takes no more."""
        self._shares.confirmed[self._own] = 0

    def fewest_of_others(self) -> int | None:
        """How many connections the worker with the fewest has; None where there is no other."""
        others = self._shares.confirmed > time.monotonic() - _FORGOTTEN_SECONDS
        others[self._own] = False
        counts = self._shares.counts[others]
        return int(counts.min()) if len(counts) else None


def has_most(own: int, fewest: int | None) -> bool:
    """Whether a worker with `own` connections leaves the next one to a worker with the `fewest`.

    Of many, a quarter more is no matter: to wait for each other costs time too.
    """
    return fewest is not None and own > fewest + fewest // 4

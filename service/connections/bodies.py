"""Whose large body is being taken in, and who waits for room for theirs."""

from threading import Lock

from service.connections.budget import Budget
from service.connections.connection import Connection


class Bodies:
    """First come, first served: who finds no room waits, its body unread, and TCP holds it back."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._waiting: dict[Connection, int] = {}
        self._lock = Lock()

    def enter(self, connection: Connection, n_bytes: int) -> int:
        """The bytes that are reserved for a body of so many; 0 where it has to wait."""
        with self._lock:
            reserved = 0 if self._waiting else self._budget.reserve(n_bytes)
            if not reserved:
                self._waiting[connection] = n_bytes
        return reserved

    def next(self) -> tuple[Connection, int] | None:
        """The first that waits, and what is reserved for it now; None where nobody waits or there is no room."""
        with self._lock:
            for connection, n_bytes in self._waiting.items():
                reserved = self._budget.reserve(n_bytes)
                return (connection, reserved) if reserved else None
        return None

    def forget(self, connection: Connection) -> bool:
        """Whether it waited; it does not any more."""
        with self._lock:
            return self._waiting.pop(connection, 0) > 0

    def leave(self, reserved: int) -> bool:
        """Give room back; whether somebody waits for it."""
        self._budget.release(reserved)
        return bool(self._waiting)

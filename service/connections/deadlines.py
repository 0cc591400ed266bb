"""How long a client may take over what. Nobody holds a thread meanwhile, but for the readers of streams."""

from service.connections.connection import Connection
from service.limits import (
    ANSWER_SECONDS,
    BODY_SECONDS,
    MAX_BODY_SECONDS,
    SLOWEST_BYTES_A_SECOND,
)


def body_seconds(n_bytes: int) -> float:
    """For a body, from its head on, as far as its size is known."""
    return min(BODY_SECONDS + n_bytes / SLOWEST_BYTES_A_SECOND, MAX_BODY_SECONDS)


def answer_seconds(n_bytes: int) -> float:
    """For taking an answer; of a stream, what was sent up to now, and only the time that it waited for its reader."""
    return ANSWER_SECONDS + n_bytes / SLOWEST_BYTES_A_SECOND


def is_due(connection: Connection, now: float, sooner: float) -> bool:
    """Whether a connection has waited too long; an idle one may wait for `sooner` seconds less than it was told."""
    return connection.deadline - (sooner if connection.is_idle else 0) <= now

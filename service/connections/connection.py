"""A client's connection, and how far it is."""

from dataclasses import dataclass, field
from enum import Enum, auto
from socket import socket
from threading import Lock
from typing import Any

from service.connections.incoming import Incoming

NOTHING = memoryview(b"")

Address = tuple[Any, ...] | str  # a host, a port and, with IPv6, more; or a Unix socket's path


class Phase(Enum):
    """What a connection waits for."""

    READING = auto()  # a request: its first byte, or more of it
    RESUMING = auto()  # a thread, for what came already behind the request before
    QUEUED = auto()  # room for its body, which is left unread
    WRITING = auto()  # the reader of its answer
    LINGERING = auto()  # the end of what nobody reads any more


@dataclass(slots=True, eq=False)
class Connection:
    """One client. A thread that works on it has it alone; in between it rests in the poller.

    `received` are the bytes that came and belong to no request yet, `parsed` how many of them were there when they
    were last parsed. `deadline` (`time.monotonic`) is when it has waited too long. `incoming` is a request whose
    body is on its way, `unsent` what is left of an answer, for which `held` bytes of the worker's are reserved;
    `closes`: it ends with that answer. `events` are those it rests for.
    """

    socket: socket
    peer: Address
    server: Address
    deadline: float
    phase: Phase = Phase.READING
    received: bytearray = field(default_factory=bytearray)
    parsed: int = 0
    n_requests: int = 0
    incoming: Incoming | None = None
    unsent: memoryview = NOTHING
    held: int = 0
    closes: bool = False
    events: int = 0
    arming: Lock = field(default_factory=Lock)

    @property
    def is_idle(self) -> bool:
        """Whether it waits for the first byte of a request."""
        return self.phase is Phase.READING and not self.received and self.incoming is None

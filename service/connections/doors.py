"""Where connections come in, while there is room for them and it is this worker's turn."""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from socket import socket
from threading import Lock
from time import monotonic
from typing import Any

from service.connections.connection import Address, Connection
from service.connections.poller import Poller
from service.connections.shares import Share, has_most
from service.telemetry.log import write_line
from service.telemetry.metrics import observe_connections, observe_full

_LEFT_TO_OTHERS_SECONDS = 0.001
_NOBODY_THERE = frozenset({errno.EAGAIN, errno.ECONNABORTED, errno.EINTR})


class Doors:
    """A worker's listeners. Every worker hears of every connection; `limit` is how many this one may have at once.

    `wake` has `reopen` called soon, by the worker's first thread.
    """

    def __init__(
        self, listeners: Sequence[Any], poller: Poller, limit: int, share: Share, wake: Callable[[], None]
    ) -> None:
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._names = {fd: listener.getsockname() for fd, listener in self._listeners.items()}
        self._poller, self._limit, self._share, self._wake = poller, limit, share, wake
        self._lock = Lock()
        self._left: dict[int, float] = {}  # listeners left to other workers, and until when
        self._waited: set[int] = set()  # those that the others had their chance at
        self._shut: set[int] = set()  # those with no room behind them
        self._said_full = False

    def __contains__(self, fd: int) -> bool:
        return fd in self._listeners

    @property
    def full(self) -> bool:
        """Whether somebody waits before a door for want of room."""
        return bool(self._shut)

    def open(self) -> None:
        """Take connections from now on."""
        for listener in self._listeners.values():
            self._poller.listen(listener.fileno())
        self._share.confirm()

    def close(self) -> list[Connection]:
        """Take in who stands before the doors, and then nobody.

        Where no other worker listens, who comes is turned away at once, and waits for no answer that there will not be.
        """
        with self._lock:
            self._share.leave()
            connections = [found for fd in self._listeners for found in self._take_in_all(fd)]
            for fd, listener in self._listeners.items():
                self._poller.unlisten(fd)
                listener.close()
            self._listeners = {}
            self._left.clear()
            self._shut.clear()
        return connections

    def _take_in_all(self, fd: int) -> Iterator[Connection]:
        with suppress(OSError):  # nobody is left, or there is no room for more
            while self._poller.n_open < self._limit:
                client, peer = self._listeners[fd].accept()
                yield self._take_in(client, peer, fd)

    def accept(self, fd: int) -> list[Connection]:
        """The next connections at a listener, but for those that are left to others, wait for room, or are gone.

        All that wait: behind each one stands a round through all connections that have something to say.
        """
        taken: list[Connection] = []
        with self._lock:
            while fd in self._listeners and self._takes(fd):
                connection = self._accept(fd)
                if connection is None:
                    break
                taken.append(connection)
        return taken

    def _takes(self, fd: int) -> bool:
        """Whether there is room for one more, and it is for this worker."""
        if self._poller.n_open >= self._limit:
            self._shut_door(fd, "as many connections as this worker takes")
            return False
        if self._gives_way(fd):
            self._left[fd] = monotonic() + _LEFT_TO_OTHERS_SECONDS
            self._wake()
            return False
        return True

    def _gives_way(self, fd: int) -> bool:
        if fd in self._waited:
            self._waited.discard(fd)
            return False
        return has_most(self._poller.n_open, self._share.fewest_of_others())

    def _accept(self, fd: int) -> Connection | None:
        try:
            client, peer = self._listeners[fd].accept()
            return self._take_in(client, peer, fd)
        except OSError as error:
            if error.errno in _NOBODY_THERE:
                self._poller.listen_again(fd)
            else:  # no descriptor, no memory: others may give some back
                self._shut_door(fd, str(error.strerror))
            return None

    def _take_in(self, client: socket, peer: Address, fd: int) -> Connection:
        client.setblocking(False)
        connection = Connection(client, peer, self._names[fd], monotonic())
        try:
            self._poller.add(connection)
        except OSError:
            client.close()
            raise
        self._count()
        return connection

    def _shut_door(self, fd: int, why: str) -> None:
        self._shut.add(fd)
        observe_full()
        if not self._said_full:
            self._said_full = True
            write_line(event="connections_full", connections=self._poller.n_open, reason=why)

    def left(self) -> None:
        """A connection was closed: there may be room for one that waits."""
        self._count()
        if self._shut:
            with self._lock:
                self._let_in()

    def _count(self) -> None:
        self._share.publish(self._poller.n_open)
        observe_connections(self._poller.n_open)

    def _let_in(self) -> None:
        while self._shut:
            self._poller.listen_again(self._shut.pop())

    def reopen(self) -> float | None:
        """Listen again where the others had their chance; how many seconds until the next such moment."""
        now = monotonic()
        with self._lock:
            for fd in [fd for fd, until in self._left.items() if until <= now]:
                del self._left[fd]
                self._waited.add(fd)
                self._poller.listen_again(fd)
            return min((until - now for until in self._left.values()), default=None)

    def tick(self) -> None:
        """Once a second: try again where there was no room, and tell the others that this worker is there."""
        self._share.confirm()
        with self._lock:
            self._said_full = self.full
            self._let_in()

"""Which thread has which connection: whoever the kernel tells that something happened on it, and nobody else."""

import os
import select
from collections.abc import Callable, Iterator

from service.connections.connection import Connection


class Poller:
    """One epoll that all threads of a worker wait in.

    A connection rests here while it waits for its client. Each event is told once (EPOLLONESHOT), to one thread, which
    takes the connection and has it alone until it lets it rest again. The thread that looks after deadlines takes
    connections too: `_resting` decides.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._stop = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._open: dict[int, Connection] = {}
        self._resting: dict[Connection, bool] = {}
        self._epoll.register(self._stop, select.EPOLLIN)

    @property
    def n_open(self) -> int:
        """Connections that are open, resting or not."""
        return len(self._open)

    def listen(self, fd: int) -> None:
        """Have a listener's next connection told to one thread of each worker."""
        self._epoll.register(fd, select.EPOLLIN | select.EPOLLONESHOT)

    def listen_again(self, fd: int) -> None:
        """The same, after it was told."""
        self._epoll.modify(fd, select.EPOLLIN | select.EPOLLONESHOT)

    def unlisten(self, fd: int) -> None:
        """Hear no more of a listener."""
        self._epoll.unregister(fd)

    def add(self, connection: Connection) -> None:
        """Take a new connection in. It belongs to the caller. Raises OSError where the system has no room for it."""
        fd = connection.socket.fileno()
        self._epoll.register(fd, select.EPOLLONESHOT)
        self._open[fd] = connection

    def rest(self, connection: Connection, events: int) -> None:
        """Let a connection wait for events; it is not the caller's any more."""
        # Or it could be taken and closed, and its number be another's, before it is armed.
        with connection.arming:
            connection.events = events
            self._resting[connection] = True
            self._epoll.modify(connection.socket.fileno(), events | select.EPOLLONESHOT)

    def wait(self) -> int | None:
        """The file descriptor that something happened on; None once the worker stops."""
        while True:
            for fd, _ in self._epoll.poll(maxevents=1):
                return None if fd == self._stop else fd

    def take(self, fd: int) -> Connection | None:
        """The connection that has this descriptor, for the caller alone; None where another has it, or nobody."""
        connection = self._open.get(fd)
        return connection if connection is not None and self.claim(connection) else None

    def claim(self, connection: Connection) -> bool:
        """Whether the connection rested, and is the caller's from now on."""
        with connection.arming:
            return self._resting.pop(connection, False)

    def take_each(self, due: Callable[[Connection], bool]) -> Iterator[Connection]:
        """The resting connections that are due, each for the caller alone.

        It goes through all of them, once a second: to keep them in order of their deadlines would cost each request
        more than this costs a worker with a thousand.
        """
        for connection in list(self._resting):
            if due(connection) and self.claim(connection):
                if due(connection):
                    yield connection
                else:  # it was served in between
                    self.rest(connection, connection.events)

    def close(self, connection: Connection) -> None:
        """Close a connection that is the caller's."""
        self._resting.pop(connection, None)
        self._open.pop(connection.socket.fileno(), None)
        connection.socket.close()

    def stop(self) -> None:
        """Send all threads home."""
        os.eventfd_write(self._stop, 1)

"""A connection is never two threads' at the same time, whatever happens on it while its time runs out."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from time import monotonic

from service.connections.connection import Connection
from service.connections.poller import Poller
from tests.support.gunicorn_service import wait_for

N_THREADS = 6
N_CONNECTIONS = 30
N_BYTES = 300  # that each client sends, one by one


class Work:
    """Threads that echo, and notice when they are not alone."""

    def __init__(self) -> None:
        self.poller = Poller()
        self.lock = Lock()
        self.owned: set[Connection] = set()
        self.shared = 0
        self.closed = 0
        self.crashed: list[Exception] = []

    def begin(self, connection: Connection) -> None:
        with self.lock:
            self.shared += connection in self.owned
            self.owned.add(connection)

    def end(self, connection: Connection) -> None:
        with self.lock:
            self.owned.discard(connection)

    def run(self) -> None:
        while (fd := self.poller.wait()) is not None:
            connection = self.poller.take(fd)
            if connection is not None:
                try:
                    self.echo(connection)
                except Exception as error:
                    self.crashed.append(error)

    def echo(self, connection: Connection) -> None:
        self.begin(connection)
        try:
            data = connection.socket.recv(1)
            ended = not data
            connection.socket.send(data)
        except BlockingIOError:
            ended = False
        except OSError:  # the client is gone, and did not take what was echoed
            ended = True
        if ended:
            self.close(connection)
            return
        self.end(connection)
        self.poller.rest(connection, select.EPOLLIN)

    def close(self, connection: Connection) -> None:
        self.end(connection)
        self.closed += 1
        self.poller.close(connection)

    def sweep(self, *, end: bool) -> None:
        """What the first thread does, all the time: take connections, and let them go on or end them."""
        for connection in self.poller.take_each(lambda _: True):
            self.begin(connection)
            if end:
                self.close(connection)
            else:
                self.end(connection)
                self.poller.rest(connection, select.EPOLLIN)


@contextmanager
def at_work() -> Iterator[Work]:
    work = Work()
    threads = [Thread(target=work.run) for _ in range(N_THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield work
    finally:
        work.poller.stop()
        for thread in threads:
            thread.join()


def connect(work: Work) -> socket.socket:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    connection = Connection(ours, "", "", monotonic())
    work.poller.add(connection)
    work.poller.rest(connection, select.EPOLLIN)
    return theirs


def test_events_and_deadlines_at_the_same_time_lose_and_double_nothing() -> None:
    with at_work() as work:
        clients = [connect(work) for _ in range(N_CONNECTIONS)]
        stop = Event()

        def sweep() -> None:
            while not stop.is_set():
                work.sweep(end=False)

        sweeper = Thread(target=sweep)
        sweeper.start()
        try:
            for number in range(N_BYTES):
                for client in clients:
                    client.send(bytes([number % 256]))
                for client in clients:
                    client.settimeout(30)
                    assert client.recv(1) == bytes([number % 256])
        finally:
            stop.set()
            sweeper.join()
        for client in clients:
            client.close()
        wait_for(lambda: work.poller.n_open == 0)
    assert (work.shared, work.closed, work.crashed) == (0, N_CONNECTIONS, [])


class SlowEpoll:
    """Arms when it is let."""

    def __init__(self) -> None:
        self.asked, self.may = Event(), Event()

    def register(self, fd: int, events: int) -> None:
        """At once."""

    def modify(self, fd: int, events: int) -> None:
        self.asked.set()
        self.may.wait(30)


def test_nobody_takes_a_connection_that_is_not_armed_yet() -> None:
    """Who closed it would leave its number to another, which is armed then in its place."""
    poller, epoll = Poller(), SlowEpoll()
    poller._epoll = epoll  # type: ignore[assignment]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours, "", "", monotonic())
        poller.add(connection)
        rest = Thread(target=poller.rest, args=(connection, select.EPOLLIN))
        rest.start()
        epoll.asked.wait(30)
        taken: list[bool] = []
        take = Thread(target=lambda: taken.append(poller.claim(connection)))
        take.start()
        take.join(0.2)
        assert not taken
        epoll.may.set()
        rest.join()
        take.join()
        assert taken == [True]


def test_a_descriptor_that_is_used_again_is_another_connection() -> None:
    """Connections end for their deadline while their clients send, and new ones get their numbers at once."""
    opened = 0
    with at_work() as work:
        for _ in range(100):
            clients = [connect(work) for _ in range(10)]
            opened += len(clients)
            for client in clients:
                client.send(b"a")
            work.sweep(end=True)
            for client in clients:
                client.close()
        wait_for(lambda: work.poller.n_open == 0)
    assert (work.shared, work.closed, work.crashed) == (0, opened, [])

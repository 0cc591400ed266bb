"""Clients that would hold a service up: they send next to nothing, or read nothing, for as long as they are let."""

import selectors
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from threading import Event, Thread

_DRIP_SECONDS = 0.2
_HALF_A_HEAD = b"GET /v1/popular HTTP/1.1\r\nHost: a\r\n"
_HALF_A_BODY = b"POST /v1/rank HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"
_MANY_REQUESTS = b"GET /v1/popular?limit=100 HTTP/1.1\r\nHost: a\r\n\r\n" * 1000


@dataclass(frozen=True)
class Kind:
    """What such a client sends first, what it sends now and then, and whether it reads."""

    first: bytes
    drip: bytes
    reads: bool


KINDS = (
    Kind(b"G", b"", reads=True),
    Kind(_HALF_A_HEAD, b"X", reads=True),
    Kind(_HALF_A_BODY, b" ", reads=True),
    Kind(_MANY_REQUESTS, b"", reads=False),
)


@contextmanager
def slow_clients(port: int, count: int) -> Iterator[None]:
    """So many of them beside what is done meanwhile, all kinds in turn; who is sent away comes again at once."""
    stop = Event()
    thread = Thread(target=_be_slow, args=(port, count, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _be_slow(port: int, count: int, stop: Event) -> None:
    with selectors.DefaultSelector() as selector:
        for kind in islice(cycle(KINDS), count):
            _connect(selector, port, kind)
        while not stop.wait(_DRIP_SECONDS):
            for key in list(selector.get_map().values()):
                if not _go_on(key.fileobj, key.data):  # type: ignore[arg-type]  # a socket is what was registered
                    _disconnect(selector, key.fileobj)  # type: ignore[arg-type]
                    _connect(selector, port, key.data)
        for key in list(selector.get_map().values()):
            _disconnect(selector, key.fileobj)  # type: ignore[arg-type]


def _connect(selector: selectors.BaseSelector, port: int, kind: Kind) -> None:
    client = socket.create_connection(("127.0.0.1", port))
    client.setblocking(False)
    client.send(kind.first)
    selector.register(client, selectors.EVENT_READ, kind)


def _disconnect(selector: selectors.BaseSelector, client: socket.socket) -> None:
    selector.unregister(client)
    client.close()


def _go_on(client: socket.socket, kind: Kind) -> bool:
    """Send a little; whether the service still bears with it."""
    try:
        if kind.drip:
            client.send(kind.drip)
        return not kind.reads or bool(client.recv(65536))
    except BlockingIOError:
        return True
    except OSError:
        return False

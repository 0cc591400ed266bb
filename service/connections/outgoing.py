"""An answer on its way out."""

import select
from socket import socket
from time import monotonic

from service.connections.deadlines import answer_seconds


class ClientGoneError(Exception):
    """Nobody is there to take the answer."""


class SlowReaderError(Exception):
    """The reader of a stream did not take it within its time."""


class Outgoing:
    """What gunicorn's Response writes to in place of the socket: it gathers, so that head and body leave together.

    `n_bytes` were handed to the socket, which took all but what the last `flush` answered.
    """

    def __init__(self, client: socket) -> None:
        self._client = client
        self._parts: list[bytes] = []
        self._waited = 0.0
        self.n_bytes = 0

    def sendall(self, data: bytes) -> None:
        """Gather."""
        self._parts.append(data)

    def flush(self) -> memoryview:
        """Send what the socket takes at once; the rest of it. Raises ClientGoneError."""
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self.n_bytes += len(data)
        return memoryview(data)[send(self._client, data) :]

    def stream(self) -> None:
        """Send all of it, waiting for the reader. Raises ClientGoneError and SlowReaderError."""
        rest = self.flush()
        while rest:
            self._wait()
            rest = rest[send(self._client, rest) :]

    def _wait(self) -> None:
        """Until the socket takes more."""
        poll = select.poll()
        poll.register(self._client, select.POLLOUT)
        before = monotonic()
        writable = poll.poll(1000 * max(0.0, answer_seconds(self.n_bytes) - self._waited))
        self._waited += monotonic() - before
        if not writable:
            raise SlowReaderError


def send(client: socket, data: bytes | memoryview) -> int:
    """How many bytes the socket took at once. Raises ClientGoneError."""
    try:
        return client.send(data) if data else 0
    except BlockingIOError:
        return 0
    except OSError as error:
        raise ClientGoneError from error

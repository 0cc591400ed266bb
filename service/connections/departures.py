"""The way out: what is left of an answer, the next request behind it, or the end of the connection."""

import select
import socket
import struct
from collections.abc import Callable
from time import monotonic

from service.connections.budget import Budget
from service.connections.connection import NOTHING, Connection, Phase
from service.connections.deadlines import answer_seconds
from service.connections.exchange import Outcome
from service.connections.outgoing import ClientGoneError, send
from service.connections.poller import Poller
from service.limits import LINGER_SECONDS, MAX_LINGERING, MAX_UNSENT_BYTES, RECEIVE_BYTES
from service.telemetry.metrics import Cut, observe_cut

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER, for no time


class Departures:
    """What becomes of connections once there is an answer. Each method takes a connection that is the caller's, and
    afterwards it is not.

    `keepalive` are the seconds that an idle connection is kept. `closed` is called when one was closed.
    """

    def __init__(self, poller: Poller, keepalive: float, closed: Callable[[], None]) -> None:
        self._poller, self._keepalive, self._closed = poller, keepalive, closed
        self._unsent = Budget(MAX_UNSENT_BYTES)
        self._lingering: dict[Connection, bool] = {}

    def idle(self, connection: Connection) -> None:
        """Wait for the first byte of a request."""
        connection.phase = Phase.READING
        connection.deadline = monotonic() + self._keepalive
        self._poller.rest(connection, select.EPOLLIN)

    def leave(self, connection: Connection, outcome: Outcome) -> None:
        """Go on after an answer, of which something may be left to send. Meanwhile no request is read."""
        connection.closes = outcome.closes
        if not outcome.unsent:
            self._after_answer(connection)
            return
        connection.held = self._unsent.reserve(len(outcome.unsent))
        if not connection.held:
            self.cut(connection, Cut.NO_ROOM)
            return
        connection.unsent, connection.phase = outcome.unsent, Phase.WRITING
        connection.deadline = monotonic() + answer_seconds(len(outcome.unsent))
        self._poller.rest(connection, select.EPOLLOUT)

    def send(self, connection: Connection) -> None:
        """Send more of an answer. Raises ClientGoneError; the connection is the caller's then."""
        connection.unsent = connection.unsent[send(connection.socket, connection.unsent) :]
        if connection.unsent:
            self._poller.rest(connection, select.EPOLLOUT)
            return
        self._give_back(connection)
        self._after_answer(connection)

    def _after_answer(self, connection: Connection) -> None:
        if connection.closes:
            self._linger(connection)
        elif connection.received:
            # Behind all others that wait for a thread: there is always room for a few bytes soon.
            connection.phase = Phase.RESUMING
            connection.deadline = monotonic() + answer_seconds(0)
            self._poller.rest(connection, select.EPOLLOUT)
        else:
            self.idle(connection)

    def _linger(self, connection: Connection) -> None:
        """Say that no more is sent, and let the client finish: closed at once, it could lose its answer (RFC 9112
        9.6)."""
        try:
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.close(connection)
            return
        connection.received.clear()
        connection.phase, connection.deadline = Phase.LINGERING, monotonic() + LINGER_SECONDS
        self._lingering[connection] = True
        for oldest in list(self._lingering)[:-MAX_LINGERING]:
            if self._poller.claim(oldest):
                self.close(oldest)
        self.discard(connection)

    def discard(self, connection: Connection) -> None:
        """Throw away what comes."""
        try:
            ended = not connection.socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            ended = False
        except OSError:
            ended = True
        if ended:
            self.close(connection)
        else:
            self._poller.rest(connection, select.EPOLLIN)

    def refuse(self, connection: Connection, answer: bytes) -> None:
        """Answer in place of the app, and end the connection."""
        try:
            unsent = memoryview(answer)[send(connection.socket, answer) :]
        except ClientGoneError:
            self.close(connection)
        else:
            self.leave(connection, Outcome(unsent, closes=True))

    def cut(self, connection: Connection, why: Cut) -> None:
        """Close a connection that would hold up others, by a reset.

        The system keeps nothing of its answer then, whose reader sees that it is not whole.
        """
        observe_cut(why)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close(connection)

    def close(self, connection: Connection) -> None:
        """Close it now."""
        self._give_back(connection)
        self._lingering.pop(connection, None)
        self._poller.close(connection)
        self._closed()

    def _give_back(self, connection: Connection) -> None:
        self._unsent.release(connection.held)
        connection.held, connection.unsent = 0, NOTHING

"""What a thread does with a connection that something happened on, step by step, until it has to wait again."""

import select
import traceback
from collections.abc import Callable
from time import monotonic
from typing import Any

from gunicorn.http.errors import ParseException

from service.connections.allocator import give_memory_back
from service.connections.bodies import Bodies
from service.connections.budget import Budget
from service.connections.connection import Connection, Phase
from service.connections.deadlines import body_seconds
from service.connections.departures import Departures
from service.connections.exchange import Exchange
from service.connections.head import read_head
from service.connections.incoming import Incoming, NoSpaceError
from service.connections.outgoing import ClientGoneError, SlowReaderError, send
from service.connections.poller import Poller
from service.connections.refusals import cut_off, refused, unreadable
from service.http.errors import BusyError, NoSpoolError, SlowBodyError, SlowHeadError
from service.limits import HEAD_SECONDS, LARGE_BODY_BYTES, MAX_BODIES_BYTES, QUEUED_SECONDS, RECEIVE_BYTES
from service.telemetry.log import write_line
from service.telemetry.metrics import Cut, observe_cut

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Traffic:
    """A worker's connections at work: all threads call `go_on`, the first one `expire` and `admit`.

    `wake` is called when `admit` has something to do. With `closing`, every answer closes its connection.
    """

    def __init__(
        self, config: Any, exchange: Exchange, poller: Poller, departures: Departures, wake: Callable[[], None]
    ) -> None:
        self._config, self._exchange, self._poller, self._wake = config, exchange, poller, wake
        self._departures = departures
        self._bodies = Bodies(Budget(MAX_BODIES_BYTES, LARGE_BODY_BYTES))
        self.closing = not config.keepalive
        self._steps = {
            Phase.READING: self._receive,
            Phase.RESUMING: self._advance,
            Phase.QUEUED: self._enter,
            Phase.WRITING: departures.send,
            Phase.LINGERING: departures.discard,
        }

    def go_on(self, connection: Connection) -> None:
        """Do what can be done for a connection that is the caller's; it is not afterwards."""
        try:
            self._steps[connection.phase](connection)
        except ParseException as error:
            self._refuse(connection, unreadable(error))
        except NoSpaceError as error:
            self._refuse(connection, refused(NoSpoolError(f"there is no room for the body now: {error}")))
        except SlowReaderError:
            self._cut(connection, Cut.SLOW_READER)
        except (ClientGoneError, OSError):
            self._close(connection)
        except Exception as error:  # none is known, but the connection must not stay as it is
            write_line(event="broken", traceback="".join(traceback.format_exception(error)))
            self._close(connection)

    def expire(self, connection: Connection) -> None:
        """End a connection that is the caller's and has waited too long."""
        match connection.phase:
            case Phase.READING if connection.incoming is not None:
                observe_cut(Cut.SLOW_BODY)
                seconds = body_seconds(connection.incoming.size)
                late = SlowBodyError(f"the body did not come within {seconds:.0f} seconds")
                self._refuse(connection, refused(late))
            case Phase.READING if connection.received:
                observe_cut(Cut.SLOW_HEAD)
                self._refuse(connection, refused(SlowHeadError(f"the head did not come within {HEAD_SECONDS} seconds")))
            case Phase.QUEUED:
                observe_cut(Cut.NO_ROOM)
                self._refuse(connection, refused(BusyError("this many large bodies are not taken at once: try again")))
            case Phase.WRITING | Phase.RESUMING:
                self._cut(connection, Cut.SLOW_READER)
            case _:
                self._close(connection)

    # From bytes to a request

    def _receive(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            self._poller.rest(connection, select.EPOLLIN)
            return
        if not data:
            self._ended(connection)
            return
        connection.received += data
        self._advance(connection)

    def _ended(self, connection: Connection) -> None:
        """The client sends no more."""
        if connection.incoming is not None:
            self._refuse(connection, cut_off())
            return
        if connection.received:
            self._read_head(connection, parsed=0)  # half a head is nobody's request, unless it is refused
        self._close(connection)

    def _advance(self, connection: Connection) -> None:
        incoming = connection.incoming
        if incoming is None:
            request = self._read_head(connection, connection.parsed)
            if request is None:
                self._await_head(connection)
                return
            connection.n_requests += 1
            connection.parsed = 0
            incoming = connection.incoming = Incoming(request)
        incoming.feed(connection.received)
        if incoming.complete:
            self._answer(connection, incoming)
        elif incoming.limit is None and (incoming.is_large or incoming.expects):
            self._ask(connection, incoming)
        elif incoming.is_large and not incoming.reserved:
            self._reserve(connection, incoming)
        else:
            self._await_body(connection, incoming)

    def _read_head(self, connection: Connection, parsed: int) -> Any:
        return read_head(self._config, connection.received, parsed, connection.peer, connection.n_requests + 1)

    def _await_head(self, connection: Connection) -> None:
        if not connection.parsed:
            connection.deadline = monotonic() + HEAD_SECONDS
        if len(connection.received) >= 2 * connection.parsed:
            connection.parsed = len(connection.received)
        connection.phase = Phase.READING
        self._poller.rest(connection, select.EPOLLIN)

    def _await_body(self, connection: Connection, incoming: Incoming) -> None:
        if not incoming.awaited:
            incoming.awaited = True
            connection.deadline = monotonic() + body_seconds(incoming.size)
        connection.phase = Phase.READING
        self._poller.rest(connection, select.EPOLLIN)

    # Large bodies

    def _ask(self, connection: Connection, incoming: Incoming) -> None:
        """Let the app refuse a request by its head, before more of its body is read."""
        outcome = self._exchange.answer(connection, incoming.request, closes=True, body_to_come=True)
        if outcome.max_body_bytes is None:
            self._release(connection)
            self._departures.leave(connection, outcome)
            return
        incoming.limit = outcome.max_body_bytes
        if incoming.is_large:
            self._reserve(connection, incoming)
        else:
            self._take(connection, incoming)

    def _reserve(self, connection: Connection, incoming: Incoming) -> None:
        """Take a large body in where there is room for it, be it large from its head on or only by now; or have it
        wait."""
        incoming.reserved = self._bodies.enter(connection, incoming.size)
        if incoming.reserved:
            self._take(connection, incoming)
        else:
            connection.phase, connection.deadline = Phase.QUEUED, monotonic() + QUEUED_SECONDS
            self._poller.rest(connection, 0)

    def admit(self) -> None:
        """Take in the bodies that waited, as far as there is room."""
        while found := self._bodies.next():
            connection, reserved = found
            if connection.incoming is None or not self._poller.claim(connection):  # about to rest, or to end
                self._bodies.leave(reserved)
                return
            self._bodies.forget(connection)
            connection.incoming.reserved = reserved
            self.go_on(connection)

    def _enter(self, connection: Connection) -> None:
        """After waiting: there is room now, or the client is gone."""
        incoming = connection.incoming
        if incoming is None or not incoming.reserved:
            self._close(connection)
        else:
            self._take(connection, incoming)

    def _take(self, connection: Connection, incoming: Incoming) -> None:
        if incoming.is_large:
            incoming.spool()
        if incoming.expects and not incoming.n_bytes:
            send(connection.socket, _CONTINUE)
        incoming.awaited = False  # its time begins now
        self._await_body(connection, incoming)

    # The answer, and other ends

    def _answer(self, connection: Connection, incoming: Incoming) -> None:
        request = incoming.finish()
        try:
            outcome = self._exchange.answer(connection, request, closes=self.closing or incoming.is_cut)
        finally:
            self._release(connection)
        self._departures.leave(connection, outcome)

    def _release(self, connection: Connection) -> None:
        """Give back what a request's body took."""
        incoming, connection.incoming = connection.incoming, None
        if incoming is None:
            return
        incoming.close()
        waited = self._bodies.leave(incoming.reserved) if incoming.reserved else self._bodies.forget(connection)
        if incoming.reserved:
            give_memory_back()
        if waited:
            self._wake()

    def _refuse(self, connection: Connection, answer: bytes) -> None:
        self._release(connection)
        self._departures.refuse(connection, answer)

    def _cut(self, connection: Connection, why: Cut) -> None:
        self._release(connection)
        self._departures.cut(connection, why)

    def _close(self, connection: Connection) -> None:
        self._release(connection)
        self._departures.close(connection)

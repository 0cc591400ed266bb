"""A request put to the app, and its answer sent as far as the client takes it at once."""

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from time import monotonic
from typing import Any

from gunicorn.http.errors import ConfigurationProblem
from gunicorn.http.wsgi import create

from service.connections.connection import NOTHING, Connection
from service.connections.outgoing import ClientGoneError, Outgoing, SlowReaderError
from service.connections.refusals import refusal
from service.http.body import BODY_TO_COME, MAX_BODY
from service.telemetry.log import write_line


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is left to send, and whether the connection ends then.

    `max_body_bytes`: nothing was answered yet, since the app wants the body first, and so much of it at most.
    """

    unsent: memoryview
    closes: bool
    max_body_bytes: int | None = None


class Exchange:
    """Puts requests to a WSGI app as gunicorn does, with its environment and its rules for answers.

    `n_answered` is about how many it has answered: threads may count at the same time.
    """

    def __init__(self, app: Any, config: Any, log: Any) -> None:
        self._app, self._config, self._log = app, config, log
        self.n_answered = 0

    def answer(self, connection: Connection, request: Any, *, closes: bool, body_to_come: bool = False) -> Outcome:
        """Have a request answered; with `body_to_come` by its head alone, or not yet.

        Raises ClientGoneError and SlowReaderError, ConfigurationProblem where the
        request is under a path that the service was told it is not.
        """
        request._expected_100_continue = False  # the body was asked for by who calls
        started = monotonic()
        out = Outgoing(connection.socket)
        response, environ = create(request, out, connection.peer, connection.server, self._config)
        environ["wsgi.multithread"] = True
        environ.update({BODY_TO_COME: True} if body_to_come else {})
        if closes or body_to_come or _asks_to_close(request):
            response.force_close()
        try:
            outcome = self._sent(environ, response, out)
        except (ClientGoneError, SlowReaderError, ConfigurationProblem):
            raise
        except Exception as error:
            return _failed(error, out, connection)
        if outcome.max_body_bytes is None:
            self.n_answered += 1
            self._log.access(response, request, environ, timedelta(seconds=monotonic() - started))
        return outcome

    def _sent(self, environ: dict[str, Any], response: Any, out: Outgoing) -> Outcome:
        chunks = self._app(environ, response.start_response)
        try:
            if BODY_TO_COME in environ and response.status_code == HTTPStatus.CONTINUE:
                return Outcome(NOTHING, closes=False, max_body_bytes=environ[MAX_BODY])
            unsent = _write(response, chunks, out)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return Outcome(unsent, response.should_close())


def _asks_to_close(request: Any) -> bool:
    """Whether `close` is among what a client says of its connection: gunicorn takes the first header for one word."""
    texts = [value for name, value in request.headers if name == "CONNECTION"]
    return any(word.strip(" \t").lower() == "close" for text in texts for word in text.split(","))


def _write(response: Any, chunks: Iterable[bytes], out: Outgoing) -> memoryview:
    """Send an answer; what the client did not take at once.

    A stream, whose length nobody knows before, is sent whole, bit by bit: in chunks, or to a client of HTTP/1.0 up to
    the end of the connection.
    """
    streamed = False
    for chunk in chunks:
        response.write(chunk)
        streamed = response.response_length is None
        if streamed:
            out.stream()
    response.close()
    if streamed:
        out.stream()
    return out.flush()


def _failed(error: Exception, out: Outgoing, connection: Connection) -> Outcome:
    """500 where nothing was sent yet; a stream breaks off."""
    write_line(event="broken", traceback="".join(traceback.format_exception(error)))
    if out.n_bytes:
        return Outcome(NOTHING, closes=True)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    rest = Outgoing(connection.socket)
    rest.sendall(refusal(status, "the service failed; its log has this request_id", type(error).__name__))
    return Outcome(rest.flush(), closes=True)

"""What is noted of each request, from its first byte to its last: the request id, the log line, the metrics."""

import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wsgi import ClosingIterator

from artifacts.queries.answer import Answer
from service.limits import MAX_REQUEST_ID_CHARACTERS
from service.telemetry.log import write_line
from service.telemetry.metrics import observe_request

RECORD = "aisle.record"
UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_REQUEST_ID = re.compile(rf"[A-Za-z0-9._~:/+=@-]{{1,{MAX_REQUEST_ID_CHARACTERS}}}")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


@dataclass(slots=True)
class Record:
    """What becomes known of a request while it is answered."""

    request_id: str
    method: str
    started: float
    route: str = UNMATCHED  # the pattern, so that no id is logged or becomes a label
    status: int = 0
    model_version: str | None = None
    answered: int | None = None
    fallback: str | None = None

    def note(self, answer: Answer) -> None:
        """Count an answer in. A stream's answers add up, and any fallback among them is the one named."""
        self.answered = (self.answered or 0) + len(answer)
        self.fallback = answer.fallback or self.fallback

    def finish(self) -> None:
        """Log and measure the request, once its answer is sent: nobody waits for this."""
        if self.status == HTTPStatus.CONTINUE:
            return  # it will be answered when its body is there
        seconds = perf_counter() - self.started
        observe_request(self.route, self.method, self.status, seconds)
        write_line(
            request_id=self.request_id,
            method=self.method,
            route=self.route,
            status=self.status,
            milliseconds=round(seconds * 1000, 3),
            model_version=self.model_version,
            answered=self.answered,
            fallback=self.fallback,
        )


def observed(app: WsgiApp) -> WsgiApp:
    """The app with each request recorded, its id echoed, and its path handed on as it was sent."""

    def observing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        record = environ[RECORD] = _new_record(environ)
        environ["PATH_INFO"] = encoded_path(environ)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            record.status = int(status[:3])
            rule = environ["werkzeug.request"].url_rule
            if rule is not None:
                record.route = rule.rule
            headers.append(("X-Request-ID", record.request_id))
            headers.append(("X-Content-Type-Options", "nosniff"))
            return start_response(status, headers, exc_info)

        return ClosingIterator(app(environ, start), record.finish)

    return observing


def _new_record(environ: Environ) -> Record:
    request_id = environ.get("HTTP_X_REQUEST_ID", "")
    if not _REQUEST_ID.fullmatch(request_id):
        request_id = secrets.token_hex(16)
    method = environ["REQUEST_METHOD"]
    return Record(request_id, method if method in METHODS else "other", perf_counter())


def encoded_path(environ: Environ) -> str:
    """The request's path, percent-encoded as the client sent it.

    WSGI's PATH_INFO is decoded, which loses the difference between the `/` of a route and one within an id.
    """
    target: str = environ["RAW_URI"]
    path = target.partition("?")[0] if target.startswith("/") else urlsplit(target).path
    return path.removeprefix(environ["SCRIPT_NAME"]) or "/"

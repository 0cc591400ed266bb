"""gunicorn's threaded worker, but for how it refuses what is no proper HTTP request and never reaches the app."""

import secrets
import socket
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from service.http.errors import problem_bytes
from service.http.media_types import PROBLEM_TYPE
from service.telemetry.log import write_line

_STATUS: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """Answers what it cannot parse with a problem as the app does, and never with a 5xx."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        if not isinstance(exc, errors.ParseException):
            super().handle_error(req, client, addr, exc)
            return
        status = _STATUS.get(type(exc), HTTPStatus.BAD_REQUEST)
        request_id = secrets.token_hex(16)
        write_line(event="refused", request_id=request_id, status=status, error=type(exc).__name__)
        write_nonblock(client, _response(status, request_id))


def _response(status: HTTPStatus, request_id: str) -> bytes:
    body = problem_bytes(status, "this is not an HTTP request that can be read", request_id)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Connection: close\r\n"
        f"Content-Type: {PROBLEM_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Request-ID: {request_id}\r\n\r\n"
    )
    return head.encode() + body

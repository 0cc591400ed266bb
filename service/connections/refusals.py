"""What is answered to who never reaches the app: problems, as the app's are, and each closes its connection."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from gunicorn.http import errors

from service.http.body import BODY
from service.http.errors import FieldProblem, ServiceError, problem_bytes
from service.http.media_types import PROBLEM_TYPE
from service.telemetry.log import write_line

_STATUS: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}


def unreadable(error: errors.ParseException) -> bytes:
    """The answer to what gunicorn's parser refuses."""
    status = _STATUS.get(type(error), HTTPStatus.BAD_REQUEST)
    return refusal(status, "this is not an HTTP request that can be read", type(error).__name__)


def cut_off() -> bytes:
    """The answer to a body that ended before its end."""
    unread = FieldProblem(field=BODY, message="ends before its length, or before its last chunk")
    return refusal(HTTPStatus.BAD_REQUEST, "1 problem in the request: body", "NoMoreData", errors=(unread,))


def refusal(
    status: HTTPStatus,
    detail: str,
    error: str,
    errors: tuple[FieldProblem, ...] = (),
    headers: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """A whole answer, logged with the `error`'s name."""
    request_id = secrets.token_hex(16)
    write_line(event="refused", request_id=request_id, status=status, error=error)
    body = problem_bytes(status, detail, request_id, errors)
    sent = {
        "Connection": "close",
        "Content-Type": PROBLEM_TYPE,
        "Content-Length": len(body),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Request-ID": request_id,
        **headers,
    }
    fields = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{fields}\r\n".encode() + body


def refused(error: ServiceError) -> bytes:
    """The answer to what the app would refuse in the same way."""
    return refusal(error.status, str(error), type(error).__name__, error.errors, error.headers)

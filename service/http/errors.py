"""What the service refuses and how it says so: RFC 9457 problems. The one place that knows status codes."""

import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, NotRequired
from urllib.parse import urlsplit

import orjson
from flask import Flask, Response, request
from typing_extensions import TypedDict
from werkzeug.exceptions import HTTPException

from service.http.access_page import PAGE_POLICY, access_page
from service.http.media_types import HTML, JSON, PROBLEM_TYPE
from service.limits import (
    MAX_PROBLEMS,
    RETRY_BUSY_SECONDS,
    RETRY_KEYS_SECONDS,
    RETRY_LIVE_SECONDS,
    RETRY_NO_MODEL_SECONDS,
)
from service.telemetry.log import write_line


class FieldProblem(TypedDict):
    """What is wrong with one field of a request."""

    field: str
    message: str
    value: NotRequired[Any]


class Problem(TypedDict):
    """An error's body (RFC 9457); `title` goes with the status, `errors` names each bad field."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: NotRequired[list[FieldProblem]]


class ServiceError(Exception):
    """Base of everything a request can be refused for."""

    status: ClassVar[HTTPStatus]
    headers: ClassVar[Mapping[str, str]] = {}
    errors: tuple[FieldProblem, ...] = ()


class InvalidRequestError(ServiceError):
    """Fields that are missing, unknown or not what they must be: all of them at once."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, errors: list[FieldProblem]) -> None:
        named = ", ".join(dict.fromkeys(error["field"] for error in errors[:MAX_PROBLEMS]))
        super().__init__(f"{len(errors)} problem{'s' if len(errors) > 1 else ''} in the request: {named}")
        self.errors = tuple(errors[:MAX_PROBLEMS])


class AccessError(ServiceError):
    """No API key came that opens this; `scope` is what it has to have."""

    def __init__(self, detail: str, scope: str) -> None:
        super().__init__(detail)
        self.scope = scope


class UnknownKeyError(AccessError):
    """No API key came, or one that is not known."""

    status = HTTPStatus.UNAUTHORIZED
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class ScopeError(AccessError):
    """The API key is known but not for this."""

    status = HTTPStatus.FORBIDDEN
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}


class NoKeysError(ServiceError):
    """Which API keys are in force is not known: nobody is let in."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": str(RETRY_KEYS_SECONDS)}


class NoReportError(ServiceError):
    """The served version was published without a report."""

    status = HTTPStatus.NOT_FOUND


class SlowHeadError(ServiceError):
    """The request's head was not whole in time."""

    status = HTTPStatus.REQUEST_TIMEOUT


class SlowBodyError(ServiceError):
    """The body was not whole in time."""

    status = HTTPStatus.REQUEST_TIMEOUT


class TooLargeError(ServiceError):
    """The body has more bytes than are read."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class MediaTypeError(ServiceError):
    """The body is of a kind that is not read."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json"}


class LinesTypeError(MediaTypeError):
    """The body is of a kind that is not read where lines are."""

    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/x-ndjson"}


class UnknownItemError(ServiceError):
    """The catalogue has no item of this id."""

    status = HTTPStatus.NOT_FOUND


class BusyError(ServiceError):
    """As many streams, or writes, as this worker takes at once are under way."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": str(RETRY_BUSY_SECONDS)}


class NoSpoolError(ServiceError):
    """There is no room, on the disk or among the open files, for the body to be kept in while it comes."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": str(RETRY_BUSY_SECONDS)}


class NoModelError(ServiceError):
    """Nothing was published that could be served."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": str(RETRY_NO_MODEL_SECONDS)}


class NoLiveStoreError(ServiceError):
    """The service runs without a live store; trying again is of no use."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class LiveStoreError(ServiceError):
    """The live store cannot be read or written now."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": str(RETRY_LIVE_SECONDS)}


class BodyWantedError(Exception):
    """No error: by its head the request is good, and its body, which was held back until then, may come."""


def problem_bytes(status: HTTPStatus, detail: str, request_id: str, errors: tuple[FieldProblem, ...] = ()) -> bytes:
    """A problem's body as JSON."""
    body = Problem(type="about:blank", title=status.phrase, status=status, detail=detail, request_id=request_id)
    if errors:
        body["errors"] = list(errors)
    return orjson.dumps(body, default=repr)


def register_errors(app: Flask) -> None:
    """Have every error of the app answered as a problem."""
    app.register_error_handler(ServiceError, _refused)
    app.register_error_handler(BodyWantedError, _go_on)
    app.register_error_handler(AccessError, _kept_out)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failed)
    app.after_request(_redirected_here)


# In the place of Flask's own words, which are for who types a URL.
_DETAILS = {
    HTTPStatus.NOT_FOUND: "there is no such path: /docs/ has those there are; ids in them are percent-encoded",
    HTTPStatus.METHOD_NOT_ALLOWED: "the path does not take this method: Allow names those that it does",
}


def _respond(status: HTTPStatus, detail: str, errors: tuple[FieldProblem, ...] = ()) -> Response:
    body = problem_bytes(status, detail, request.environ["aisle.record"].request_id, errors)
    return Response(body, status, {"Cache-Control": "no-store"}, content_type=PROBLEM_TYPE)


def _refused(error: ServiceError) -> Response:
    response = _respond(error.status, str(error), error.errors)
    response.headers.update(error.headers)
    return response


def _go_on(_: BodyWantedError) -> Response:
    """What service/connections takes as leave to read the body."""
    return Response(status=HTTPStatus.CONTINUE)


def _kept_out(error: AccessError) -> Response:
    """A problem, or for who would rather have HTML a page that says how to get in."""
    response = _refused(error)
    if request.method in {"GET", "HEAD"}:
        response.vary.add("Accept")
        if request.accept_mimetypes.best_match([PROBLEM_TYPE, JSON, "text/html"]) == "text/html":
            request_id = request.environ["aisle.record"].request_id
            response.set_data(access_page(error.status, str(error), error.scope, request_id, request.environ))
            response.headers["Content-Type"] = HTML
            response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


def _http_error(error: HTTPException) -> Any:
    """Flask's own errors: unknown routes, wrong methods, bodies beyond the limit; redirects stay as they are."""
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error
    status = HTTPStatus(error.code)
    response = _respond(status, _DETAILS.get(status) or error.description or "")
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def _redirected_here(response: Response) -> Response:
    """In the place of Flask's own redirect, to the path with a slash at its end, one that does not name the host that
    the client names, whoever that is, and that leads below the path that a proxy may have put before."""
    if response.status_code != HTTPStatus.PERMANENT_REDIRECT or not urlsplit(response.location or "").netloc:
        return response
    name = request.environ["PATH_INFO"].rpartition("/")[2]
    query = request.environ["QUERY_STRING"]
    location = f"./{name}/?{query}" if query else f"./{name}/"
    return Response(status=HTTPStatus.PERMANENT_REDIRECT, headers={"Location": location, "Cache-Control": "no-store"})


def _failed(error: Exception) -> Response:
    write_line(
        event="error",
        request_id=request.environ["aisle.record"].request_id,
        traceback="".join(traceback.format_exception(error)),
    )
    return _respond(HTTPStatus.INTERNAL_SERVER_ERROR, "the service failed; its log has this request_id")

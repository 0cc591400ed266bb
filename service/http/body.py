"""A request's body on its way in: of the right kind, not too long, and not for ever on its way."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from socket import socket
from typing import cast

from flask import Request as HttpRequest
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from service.http.errors import (
    FieldProblem,
    InvalidRequestError,
    LinesTypeError,
    MediaTypeError,
    SlowBodyError,
    TooLargeError,
)
from service.http.media_types import JSON, NDJSON
from service.limits import STALL_SECONDS

BODY = "body"


def read_body(request: HttpRequest, max_bytes: int, problems: list[FieldProblem]) -> bytes:
    """The whole body. Where it breaks off, `problems` are reported too.

    Raises InvalidRequestError, SlowBodyError and TooLargeError.
    """
    with _receiving(request, max_bytes, problems):
        body = request.get_data(cache=False)
    _check_length(len(body), max_bytes)
    return body


def read_lines(request: HttpRequest, max_bytes: int) -> Iterator[bytes]:
    """The body's lines as they come. Raises as `read_body` does, while they are read."""
    n_bytes = 0
    with _receiving(request, max_bytes, []):
        for line in BufferedReader(cast(RawIOBase, request.stream)):
            n_bytes += len(line)
            _check_length(n_bytes, max_bytes)
            yield line


def check_media_type(request: HttpRequest, media_type: str = JSON) -> None:
    """Raise MediaTypeError where the body is of another type, or compressed."""
    error = LinesTypeError if media_type == NDJSON else MediaTypeError
    if request.mimetype != media_type:
        raise error(f"the body must be {media_type}, not {request.mimetype or 'unnamed'}")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise error("the body must not be compressed")


@contextmanager
def _receiving(request: HttpRequest, max_bytes: int, problems: list[FieldProblem]) -> Iterator[None]:
    # One byte more than is allowed: of a body in chunks, werkzeug reads its maximum and says nothing of the rest.
    request.max_content_length = max_bytes + 1
    _lose_patience_with(request.environ.get("gunicorn.socket"))
    try:
        yield
    except RequestEntityTooLarge as error:
        raise _too_large(max_bytes) from error
    except (ClientDisconnected, ParseException) as error:
        if isinstance(error.__context__, TimeoutError):
            raise SlowBodyError(f"the body did not come within {STALL_SECONDS} seconds") from error
        unread = FieldProblem(field=BODY, message="ends before its length, or is not properly chunked")
        raise InvalidRequestError([*problems, unread]) from error


def _lose_patience_with(client: socket | None) -> None:
    """Who sends no byte of a body, or later takes none of the answer, must not hold a thread for ever."""
    if client is not None:
        client.settimeout(STALL_SECONDS)


def _check_length(n_bytes: int, max_bytes: int) -> None:
    if n_bytes > max_bytes:
        raise _too_large(max_bytes)


def _too_large(max_bytes: int) -> TooLargeError:
    return TooLargeError(f"the body has more than {max_bytes} bytes")

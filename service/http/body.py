"""A request's body on its way in: of the right kind, not too long, and not for ever on its way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from typing import cast

from flask import Request as HttpRequest
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from service.http.errors import (
    BodyWantedError,
    FieldProblem,
    InvalidRequestError,
    LinesTypeError,
    MediaTypeError,
    TooLargeError,
)
from service.http.media_types import JSON, NDJSON
from service.limits import MAX_LINE_BYTES

BODY = "body"
BODY_TO_COME = "aisle.body_to_come"  # in the environment of a request that is to be judged by its head
MAX_BODY = "aisle.max_body_bytes"  # in there, how much of it will be read
_UNREAD = FieldProblem(field=BODY, message="ends before its length, or is not properly chunked")


def read_body(request: HttpRequest, max_bytes: int, problems: list[FieldProblem]) -> bytes:
    """The whole body. Where it breaks off, `problems` are reported too.

    Raises InvalidRequestError, TooLargeError, and BodyWantedError where the body is still to come.
    """
    _expect(request, max_bytes)
    with _receiving(request, max_bytes, problems):
        body = request.get_data(cache=False)
    _check_length(len(body), max_bytes)
    _check_whole(request, len(body), problems)
    return body


def read_lines(request: HttpRequest, max_bytes: int) -> Iterator[bytes]:
    """The body's lines; of one that is longer than MAX_LINE_BYTES, so much and one byte.

    Raises as `read_body` does: by the head at once, the rest while they are read.
    """
    _expect(request, max_bytes)
    return _lines(request, max_bytes)


def _lines(request: HttpRequest, max_bytes: int) -> Iterator[bytes]:
    n_bytes = 0
    with _receiving(request, max_bytes, []):
        stream = BufferedReader(cast(RawIOBase, request.stream))
        while line := stream.readline(MAX_LINE_BYTES + 1):
            n_bytes += len(line) + _skip_rest(stream.readline, line)
            _check_length(n_bytes, max_bytes)
            yield line
    _check_whole(request, n_bytes, [])


def _skip_rest(read: Callable[[int], bytes], part: bytes) -> int:
    """Read on to the end of a line that is too long, whose first part was read; how many bytes that was."""
    skipped = 0
    while len(part) > MAX_LINE_BYTES and not part.endswith(b"\n"):
        part = read(MAX_LINE_BYTES + 1)
        skipped += len(part)
    return skipped


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
    try:
        yield
    except RequestEntityTooLarge as error:
        raise _too_large(max_bytes) from error
    except (ClientDisconnected, ParseException) as error:
        raise InvalidRequestError([*problems, _UNREAD]) from error


def _expect(request: HttpRequest, max_bytes: int) -> None:
    """Refuse a body by its declared length; where it was held back, have it come."""
    _check_length(request.content_length or 0, max_bytes)
    if BODY_TO_COME in request.environ:
        request.environ[MAX_BODY] = max_bytes
        raise BodyWantedError


def _check_whole(request: HttpRequest, n_bytes: int, problems: list[FieldProblem]) -> None:
    """A body that is shorter than it was declared is no whole one, whatever it says."""
    if n_bytes < (request.content_length or 0):
        raise InvalidRequestError([*problems, _UNREAD])


def _check_length(n_bytes: int, max_bytes: int) -> None:
    if n_bytes > max_bytes:
        raise _too_large(max_bytes)


def _too_large(max_bytes: int) -> TooLargeError:
    return TooLargeError(f"the body has more than {max_bytes} bytes")

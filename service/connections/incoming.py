"""A request whose body is on its way."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import IO, Any

from gunicorn.http.body import LengthReader

from service.connections.chunks import Chunks
from service.limits import SMALL_BODY_BYTES


class NoSpaceError(Exception):
    """A body that no file could be made for, or that the disk has no room for."""


class Incoming:
    """A request and what is there of its body: in memory while that is little, then in a file without a name.

    `length` is the declared one in bytes; None for a body in chunks. `limit` is how many bytes the request's route
    reads; None while the app has not been asked. `reserved` bytes of the worker's room are its own. `expects`: the
    client sends the body only when it is told to. `awaited`: its time has begun.
    """

    def __init__(self, request: Any) -> None:
        self.request = request
        reader = request.body.reader
        self.length: int | None = reader.length if isinstance(reader, LengthReader) else None
        self.limit: int | None = None
        self.reserved = 0
        self.expects: bool = request._expected_100_continue
        self.awaited = False
        self.n_bytes = 0
        self.complete = self.length == 0
        self._body: IO[bytes] = BytesIO()
        self._chunks = None if self.length is not None else Chunks(request)

    @property
    def is_large(self) -> bool:
        """Whether there is, or will be, more of it than is held in memory."""
        return max(self.length or 0, self.n_bytes) > SMALL_BODY_BYTES

    @property
    def size(self) -> int:
        """Bytes that it may come to, as far as is known."""
        return self.length if self.length is not None else self.limit or SMALL_BODY_BYTES

    @property
    def is_cut(self) -> bool:
        """Whether it is over its limit, and the rest of it was left unread."""
        return self.limit is not None and self.n_bytes > self.limit

    def feed(self, received: bytearray) -> None:
        """Move what belongs to the body out of `received`. Raises ParseException and NoSpaceError.

        A body in chunks counts as complete as soon as it is seen to be over its limit.
        """
        if self._chunks is not None:
            with _on_disk():
                ended = self._chunks.feed(received, self._body)
            self.n_bytes = self._body.tell()
            self.complete = ended or self.is_cut
        elif self.length:
            with _on_disk(), memoryview(received) as view, view[: self.length - self.n_bytes] as part:
                n_bytes = self._body.write(part)
            del received[:n_bytes]
            self.n_bytes += n_bytes
            self.complete = self.n_bytes == self.length

    def spool(self) -> None:
        """Keep the body in a file from now on. Raises NoSpaceError."""
        self._body.seek(0)
        begun = self._body.read()
        with _on_disk():
            self._body = tempfile.TemporaryFile(prefix="aisle-body-")  # noqa: SIM115  # closed with the request
            self._body.write(begun)

    def finish(self) -> Any:
        """The request with its body, to be read from the beginning. Raises NoSpaceError."""
        with _on_disk():
            self._body.seek(0)
        self.request.body = self._body
        return self.request

    def close(self) -> None:
        """Give back what the body takes."""
        with suppress(OSError):  # what is still to be written needs no room any more
            self._body.close()


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoSpaceError(error.strerror) from error

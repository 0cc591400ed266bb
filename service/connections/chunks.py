"""A body in chunks, taken apart as it comes. Each chunk's line, and the trailers, are gunicorn's to judge."""

from typing import IO, Any

from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import ChunkMissingTerminator, InvalidChunkSize, LimitRequestHeaders
from gunicorn.http.unreader import IterUnreader

_NEWLINE = b"\r\n"


class Chunks:
    """Where a body in chunks stands: `left` bytes of a chunk to come, and whether a chunk's own newline is."""

    def __init__(self, request: Any) -> None:
        self._reader = ChunkedReader(request, IterUnreader(()))
        self._left = 0
        self._newline = False

    def feed(self, received: bytearray, body: IO[bytes]) -> bool:
        """Move what is there of the body from `received` to `body`; whether that was its end.

        Raises ParseException.
        """
        while True:
            if self._left:
                if not received:
                    return False
                self._take(received, body)
            elif self._newline:
                if len(received) < len(_NEWLINE):
                    return False
                self._end_chunk(received)
            else:
                line = self._line(received)
                if line is None:
                    return False
                if _is_last(line):
                    return self._end(received, line)
                del received[: len(line)]
                self._left = self._size(line)
                self._newline = True

    def _take(self, received: bytearray, body: IO[bytes]) -> None:
        with memoryview(received) as view:
            n_bytes = body.write(view[: self._left])
        del received[:n_bytes]
        self._left -= n_bytes

    def _end_chunk(self, received: bytearray) -> None:
        if received[: len(_NEWLINE)] != _NEWLINE:
            raise ChunkMissingTerminator(bytes(received[: len(_NEWLINE)]))
        del received[: len(_NEWLINE)]
        self._newline = False

    def _line(self, received: bytearray) -> bytes | None:
        end = received.find(_NEWLINE)
        if end >= 0:
            return bytes(received[: end + len(_NEWLINE)])
        if len(received) > self._reader.limit_chunk_size_line:
            raise InvalidChunkSize(b"line with no end")
        return None

    def _size(self, line: bytes) -> int:
        size, _ = self._reader.parse_chunk_size(IterUnreader(()), data=line)
        return int(size)

    def _end(self, received: bytearray, line: bytes) -> bool:
        """Read the last chunk's line with the trailers behind it, once they are there."""
        start = len(line)
        if received[start : start + len(_NEWLINE)] != _NEWLINE and received.find(_NEWLINE * 2, start) < 0:
            if len(received) > self._reader.limit_trailer_section:
                raise LimitRequestHeaders("limit request trailer section size")
            return False
        unreader = IterUnreader(())
        self._reader.parse_chunk_size(unreader, data=bytes(received))
        received[:] = unreader.take_buffered()
        return True


def _is_last(line: bytes) -> bool:
    size = line.partition(b";")[0].strip(b" \t\r\n")
    return bool(size) and not size.strip(b"0")

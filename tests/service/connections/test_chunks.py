"""A body in chunks is read as gunicorn reads it, wherever the network cuts it."""

from io import BytesIO
from itertools import pairwise

import pytest
from gunicorn.config import Config
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import given
from hypothesis import strategies as st

from service.connections.chunks import Chunks

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
BEHIND = b"GET / HTTP/1.1\r\n"


def request() -> Request:
    return Request(Config(), IterUnreader((HEAD,)), ("127.0.0.1", 1))


def encoded(chunks: list[bytes], extension: bytes, trailers: bytes) -> bytes:
    lines = b"".join(b"%x%s\r\n%s\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
    return lines + b"0%s\r\n" % extension + trailers + b"\r\n"


def by_gunicorn(raw: bytes) -> tuple[bytes, bytes]:
    """The body and what stands behind it."""
    unreader = IterUnreader((raw,))
    body = ChunkedReader(request(), unreader).read(len(raw) + 1)
    return body, unreader.take_buffered()


def in_parts(raw: bytes, cuts: list[int]) -> tuple[bytes, bytes]:
    """The same, by what is tested."""
    chunks, body, received = Chunks(request()), BytesIO(), bytearray()
    ended = False
    for begin, end in pairwise(sorted({0, *(cut % len(raw) for cut in cuts), len(raw)})):
        received += raw[begin:end]
        ended = ended or chunks.feed(received, body)
    assert ended
    return body.getvalue(), bytes(received)


@given(
    st.lists(st.binary(min_size=1, max_size=40)),
    st.sampled_from([b"", b";a=b", b" ; a"]),
    st.sampled_from([b"", b"X: y\r\n", b"X: y\r\nZ: \r\n"]),
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_it_does_not_matter_where_it_is_cut(
    chunks: list[bytes], extension: bytes, trailers: bytes, cuts: list[int]
) -> None:
    raw = encoded(chunks, extension, trailers) + BEHIND
    assert in_parts(raw, cuts) == by_gunicorn(raw) == (b"".join(chunks), BEHIND)


@pytest.mark.parametrize(
    "raw",
    [
        b"zz\r\n",
        b"-1\r\n",
        b"0x1\r\na\r\n",
        b"\r\n",
        b"1\r\nab\r\n",
        b"1;\x01\r\na\r\n",
        b"5" * 10_000,
        b"0\r\nContent-Length: 5\r\n\r\n",
        b"0\r\nBad Name: 5\r\n\r\n",
        b"0 0\r\n\r\n",
        b"0\r\nX: " + b"a" * 900_000,
    ],
)
def test_what_gunicorn_refuses_is_refused(raw: bytes) -> None:
    with pytest.raises(ParseException):
        Chunks(request()).feed(bytearray(raw), BytesIO())

"""A head is read once it is there whole, and what can be none is refused before."""

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from hypothesis import given
from hypothesis import strategies as st

from service.connections.head import read_head

PEER = ("127.0.0.1", 1)
HEAD = b"POST /v1/rank?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
BEHIND = b"bodyGET /"


@given(st.sets(st.integers(1, len(HEAD + BEHIND) - 1)))
def test_it_does_not_matter_where_it_is_cut(cuts: set[int]) -> None:
    received, request, parsed, begin = bytearray(), None, 0, 0
    for cut in [*sorted(cuts), len(HEAD + BEHIND)]:
        received += (HEAD + BEHIND)[begin:cut]
        begin = cut
        if request is None:
            request = read_head(Config(), received, parsed, PEER, 1)
            parsed = len(received) if len(received) >= 2 * parsed else parsed
            assert (request is None) == (cut < len(HEAD))
    assert request is not None
    assert (request.method, request.path, request.query) == ("POST", "/v1/rank", "x=1")
    assert received == BEHIND


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"GET / HTTP/1.1\n", ParseException),
        (b"GET /" + b"a" * 10_000, LimitRequestLine),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n", LimitRequestHeaders),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, LimitRequestHeaders),
    ],
)
@pytest.mark.parametrize("parsed", [0, 15])
def test_what_can_be_no_head_is_refused_without_its_end(raw: bytes, error: type[Exception], parsed: int) -> None:
    with pytest.raises(error):
        read_head(Config(), bytearray(raw), min(parsed, len(raw) // 2), PEER, 1)

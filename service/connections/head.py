"""A request's head, parsed by gunicorn as soon as it is there whole."""

from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader

from service.limits import MAX_HEAD_BYTES

_END = b"\r\n\r\n"


def read_head(config: Any, received: bytearray, parsed: int, peer: Any, number: int) -> Any:
    """The `number`th request of a connection, taken out of `received`; None while its head is not there.

    `parsed` is how many bytes there were when they were last parsed. What can be no head is refused before its end: it
    is parsed each time that it has doubled. Raises gunicorn's ParseException.
    """
    # An end of three bytes may have been there before its fourth.
    if received.find(_END, max(0, parsed - len(_END) + 1)) < 0:
        if len(received) > MAX_HEAD_BYTES:
            raise LimitRequestHeaders("no end of the head")
        if len(received) < 2 * parsed:
            return None
    unreader = IterUnreader((bytes(received),))
    try:
        request = Request(config, unreader, peer, number)
    except (NoMoreData, StopIteration):
        return None
    received[:] = unreader.take_buffered()
    return request

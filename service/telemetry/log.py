"""One JSON line for each request and each event, on standard output. No user ids, no paths, no query strings."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from service.telemetry.line_writer import process_writer

STDOUT = 1


def write_line(**fields: Any) -> None:
    """Have one line written, within a tenth of a second.

    A log that nobody reads is no reason to have a request wait, or to fail it.
    """
    _writer.write(_line(**fields))


def on_dropped_lines(count: Callable[[int], None]) -> None:
    """Have `count` called with the number of lines that are dropped."""
    _writer.on_drop(count)


def _line(**fields: Any) -> bytes:
    return orjson.dumps({"time": datetime.now(UTC), **fields}, default=str, option=orjson.OPT_APPEND_NEWLINE)


_writer = process_writer(STDOUT, lambda dropped: _line(event="lines_dropped", lines=dropped))

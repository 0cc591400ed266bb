"""gunicorn's own log, of the master and the workers, so that neither hangs where nobody reads it."""

import os
from datetime import datetime
from logging import Formatter, Logger
from typing import Any, TextIO

from gunicorn import glogging

from service.telemetry.line_writer import process_writer

STDERR = 2


class BufferedLogger(glogging.Logger):  # type: ignore[misc]  # gunicorn is not typed
    """Writes to standard error, where that is told, by way of a LineWriter."""

    def _set_handler(self, log: Logger, output: str | None, fmt: Formatter, stream: TextIO | None = None) -> None:
        super()._set_handler(log, output, fmt, stream=stream or STANDARD_ERROR)


class _Stream:
    """As much of a text stream as a handler of the standard library uses."""

    def write(self, text: str) -> int:
        _writer.write(text.encode(errors="backslashreplace"))
        return len(text)

    def flush(self) -> None:
        """Its lines are written soon."""


def _tell(dropped: int) -> bytes:
    moment = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    return f"[{moment}] [{os.getpid()}] [WARNING] {dropped} lines were dropped: nobody read them\n".encode()


_writer = process_writer(STDERR, _tell)
STANDARD_ERROR: Any = _Stream()

"""One JSON array of objects as a file with an object a line, so that it need not stand in memory whole."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from training.errors import DataError
from training.reading.encoding import CHUNK
from training.reading.temporary import temporary_copy
from training.reading.text_files import TextFile

BLANK = re.compile(r"[ \t\r\n]*")


@contextmanager
def array_as_lines(text: TextFile) -> Iterator[TextFile]:
    """A copy in the temporary directory; numbers keep their digits.

    Raises DataError for what is no array of objects.
    """

    def write(copy: TextIO) -> None:
        for written in _objects(text):
            # Line breaks are blanks in JSON: inside texts they are escaped.
            copy.write(written.replace("\n", " ") + "\n")

    with temporary_copy(write) as copy:
        yield TextFile(copy, text.shown, text.encoding)


def _objects(text: TextFile) -> Iterator[str]:
    """The elements as they are written, one at a time."""
    buffer = _Buffer(text)
    buffer.skip("[")
    if buffer.skip("]"):
        return
    while True:
        yield buffer.take_object()
        if buffer.skip("]"):
            break
        if not buffer.skip(","):
            raise buffer.problem("no comma or end of the array behind it")
    if not buffer.at_end():
        raise buffer.problem("something follows the array")


class _Buffer:
    """The part of the text that is looked at, and how far it is read."""

    def __init__(self, text: TextFile) -> None:
        # Numbers stay text: the decoder only finds where an element ends.
        self._decoder = json.JSONDecoder(parse_float=str, parse_int=str)
        self._shown = text.shown
        self._chunks = _chunks(text)
        self._held = ""
        self._at = 0
        self._objects = 0

    def skip(self, mark: str) -> bool:
        """Go past blanks, and past `mark` if it comes next: whether it does."""
        if self.at_end() or not self._held.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def at_end(self) -> bool:
        """Whether nothing but blanks is left."""
        while True:
            match = BLANK.match(self._held, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._held):
                return False
            if not self._more():
                return True

    def take_object(self) -> str:
        """The object that comes next, as it is written."""
        self.at_end()
        self._objects += 1
        while True:
            try:
                value, end = self._decoder.raw_decode(self._held, self._at)
                break
            except json.JSONDecodeError as error:
                if not self._more():
                    raise self.problem(f"no JSON: {error.msg}") from error
        if not isinstance(value, dict):
            raise self.problem(f"no JSON object: {self._held[self._at : end][:60]}")
        written, self._at = self._held[self._at : end], end
        return written

    def problem(self, reason: str) -> DataError:
        """What is wrong with the object that was taken last."""
        return DataError(f"{self._shown}, object {self._objects}: {reason}")

    def _more(self) -> bool:
        chunk = next(self._chunks, "")
        self._held, self._at = self._held[self._at :] + chunk, 0
        return bool(chunk)


def _chunks(text: TextFile) -> Iterator[str]:
    """Lines, some thousands together."""
    held: list[str] = []
    size = 0
    for line in text.lines():
        held.append(line)
        size += len(line)
        if size > CHUNK:
            yield "\n".join(held) + "\n"
            held, size = [], 0
    if held:
        yield "\n".join(held) + "\n"

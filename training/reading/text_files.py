"""Text files as lines of UTF-8, whatever their encoding and their line ends."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TextIO

import polars as pl

from training.errors import DataError
from training.reading.encoding import CHUNK, TextKind, find_text_kind, open_bytes
from training.reading.temporary import temporary_copy

STORAGE_OPTIONS = {"max_retries": 3}  # Polars' own 10 keep a wrong host name waiting for long
BATCH_LINES = 500_000
MARK = "\ufeff"


@dataclass(frozen=True)
class TextFile:
    """`path`: what Polars reads, UTF-8 with lines that end in a line feed; `shown`: the file's own name, for messages;
    `encoding`: the file's own."""

    path: str
    shown: str
    encoding: str

    def batches(self) -> Iterator[pl.Series]:
        """All lines (String), without their ends and without the file's mark."""
        frame = pl.scan_lines(self.path, glob=False, storage_options=STORAGE_OPTIONS)
        for number, batch in enumerate(frame.collect_batches(chunk_size=BATCH_LINES, maintain_order=True)):
            lines = batch["line"]
            yield lines if number else lines.str.strip_prefix(MARK)

    def lines(self) -> Iterator[str]:
        """All lines, one by one."""
        for batch in self.batches():
            yield from batch

    def head(self, n: int) -> list[str]:
        """The first `n` lines."""
        frame = pl.scan_lines(self.path, glob=False, n_rows=n, storage_options=STORAGE_OPTIONS)
        return frame.collect()["line"].str.strip_prefix(MARK).to_list()


@contextmanager
def open_text(name: str, shown: str, encoding: str | None, *, may_have_mark: bool) -> Iterator[TextFile]:
    """A file or URL as text; in another encoding than UTF-8 through a copy in the temporary directory.

    Without `may_have_mark` UTF-8's mark is left out in this way as well. Raises DataError for what is in no encoding,
    OSError for what cannot be read.
    """
    if "://" in name or name.lower().endswith(".zst"):
        if encoding not in (None, "utf-8"):
            raise DataError(f"{shown}: encoding = {encoding!r} is for files on this machine, plain or gzipped")
        yield TextFile(name, shown, "utf-8")
        return
    kind = find_text_kind(name, encoding)
    if kind.plain and (may_have_mark or kind.encoding != "utf-8-sig"):
        yield TextFile(name, shown, kind.encoding)
        return
    with temporary_copy(partial(_transcode, name, shown, kind)) as copy:
        yield TextFile(copy, shown, kind.encoding)


def _transcode(name: str, shown: str, kind: TextKind, copy: TextIO) -> None:
    """Every kind of line end becomes a line feed."""
    line = 1
    with open_bytes(name) as file:
        text = io.TextIOWrapper(file, encoding=kind.encoding, newline=None)
        try:
            while chunk := text.read(CHUNK):
                copy.write(chunk.removeprefix(MARK))
                line += chunk.count("\n")
        except UnicodeError as error:
            raise DataError(f"{shown}, at or after line {line}: cannot be read as {kind.encoding}: {error}") from error

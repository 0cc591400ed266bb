"""One file or query, opened."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

SPELLED = {"\t": "tabs", " ": "blanks"}


@dataclass(frozen=True)
class Found:
    """How a source was read, as found or as set. `notes`: what was left out or looks odd, with a count and a line."""

    format: str
    separator: str | None = None
    encoding: str | None = None
    header: bool = True
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        separator = self.separator and f"separated by {SPELLED.get(self.separator, repr(self.separator))}"
        header = None if self.header else "without a header"
        return ", ".join(part for part in (self.format, separator, self.encoding, header) if part)


@dataclass(frozen=True)
class Table:
    """`read` gives the named columns in batches, as text or as the source's own types; `name` is for messages.

    `place` tells where the row of a number, from 0, stands: "<file>, line 17". A file without any content is a table
    without columns.
    """

    name: str
    columns: tuple[str, ...]
    read: Callable[[Sequence[str]], Iterator[pl.DataFrame]]
    found: Found
    place: Callable[[int], str]


def nth_row(name: str) -> Callable[[int], str]:
    """Places by row number, for what has no lines."""
    return lambda row: f"{name}, row {row + 1}"

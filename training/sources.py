"""Where rows come from: files, directories and object stores by Polars' readers, databases by SQLAlchemy.

A source is opened as tables (one a file, one a query), each read in batches of the columns asked for, so that
what is larger than memory never stands in memory whole.
"""

import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import polars as pl

from training.errors import DataError

BATCH_ROWS = 500_000


@dataclass(frozen=True)
class Table:
    """One file or query. `read` gives the named columns in batches, as text or the file's own types."""

    name: str
    columns: tuple[str, ...]
    read: Callable[[Sequence[str]], Iterator[pl.DataFrame]]


def open_tables(source: str, query: str | None) -> Iterator[Table]:
    for path in sorted(glob.glob(source)):
        frame = pl.scan_parquet(path)
        yield Table(
            path,
            tuple(frame.collect_schema().names()),
            lambda columns: iter(frame.select(columns).collect_batches(chunk_size=BATCH_ROWS)),
        )

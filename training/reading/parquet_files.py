"""Parquet files as tables, with the types they have: each value of a mapped column is one plain value."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import polars as pl

from training.config import Layout
from training.errors import DataError
from training.reading.table import Found, Table, nth_row
from training.reading.text_files import STORAGE_OPTIONS

BATCH_ROWS = 500_000


@contextmanager
def open_parquet(name: str, shown: str, layout: Layout) -> Iterator[Table]:
    """The table of one file or URL. Reading raises DataError for a column of lists, objects, durations or bytes."""
    columns = tuple(_scan(name).collect_schema().names())
    empty = _scan(name).select(pl.len()).collect().item() == 0
    found = Found("Parquet", notes=("no rows",) if empty else ())
    yield Table(shown, columns, partial(_read, name, shown), found, nth_row(shown))


def _scan(name: str) -> pl.LazyFrame:
    return pl.scan_parquet(name, glob=False, storage_options=STORAGE_OPTIONS)


def _read(name: str, shown: str, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    frame = _scan(name).select(columns)
    schema = frame.collect_schema()
    for column, dtype in schema.items():
        if dtype.is_nested() or dtype in (pl.Duration, pl.Time, pl.Object):
            raise DataError(f"{shown}: column {column!r} holds {dtype}: a column needs one plain value in each row")
    binary = [column for column, dtype in schema.items() if dtype == pl.Binary]
    for batch in frame.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
        yield batch.with_columns(_as_text(batch[column], shown) for column in binary)


def _as_text(values: pl.Series, shown: str) -> pl.Series:
    try:
        return values.cast(pl.String)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{shown}: column {values.name!r} holds bytes ({values.dtype}) that are no text") from error

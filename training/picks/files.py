"""Picks as rows of a table, and the formats they are written in."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import polars as pl

from training.errors import PicksError

ROWS_PER_GROUP = 100_000  # of a Parquet file: what a reader holds in memory at a time

SCHEMA = pl.Schema(
    {
        "user_id": pl.String,
        "rank": pl.Int32,
        "item_id": pl.String,
        "score": pl.Float64,
        "source": pl.String,
        "fallback": pl.String,
        "title": pl.String,
        "category": pl.String,
        "price": pl.Float64,
        "image_url": pl.String,
        "product_url": pl.String,
    }
)


class PicksFormat(ABC):
    """How rows become a file: in parts, which are then joined in order."""

    @abstractmethod
    def write_part(self, rows: pl.DataFrame, file: IO[bytes]) -> None:
        """Write rows of `SCHEMA`."""

    @abstractmethod
    def join(self, parts: Sequence[Path], file: IO[bytes]) -> None:
        """Write the whole from its parts, in bounded memory."""


class Ndjson(PicksFormat):
    """One JSON object a row; what is not known is null."""

    def write_part(self, rows: pl.DataFrame, file: IO[bytes]) -> None:
        rows.write_ndjson(file)

    def join(self, parts: Sequence[Path], file: IO[bytes]) -> None:
        _append(parts, file)


class Csv(PicksFormat):
    """RFC 4180 in UTF-8 behind a line of column names.

    Text is always quoted, so that the id 007 is no number; unquoted and empty is what is not known. Text that a
    spreadsheet would take for a formula stands as it is: a changed id joins nothing.
    """

    def write_part(self, rows: pl.DataFrame, file: IO[bytes]) -> None:
        rows.write_csv(file, include_header=False, quote_style="non_numeric")

    def join(self, parts: Sequence[Path], file: IO[bytes]) -> None:
        SCHEMA.to_frame().write_csv(file, quote_style="non_numeric")
        _append(parts, file)


class Parquet(PicksFormat):
    """The columns of `SCHEMA`, compressed."""

    def write_part(self, rows: pl.DataFrame, file: IO[bytes]) -> None:
        rows.write_parquet(file)

    def join(self, parts: Sequence[Path], file: IO[bytes]) -> None:
        pl.scan_parquet(list(parts), glob=False).sink_parquet(file, row_group_size=ROWS_PER_GROUP)


FORMATS: dict[str, PicksFormat] = {".ndjson": Ndjson(), ".csv": Csv(), ".parquet": Parquet()}


def format_of(path: Path) -> PicksFormat:
    """The format that a file's ending names. Raises PicksError."""
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise PicksError(f"{path}: the file must end in one of {', '.join(FORMATS)}, which says its format")
    return FORMATS[ending]


def _append(parts: Iterable[Path], file: IO[bytes]) -> None:
    for part in parts:
        with part.open("rb") as source:
            shutil.copyfileobj(source, file)

"""Picks as rows of a table, and the formats they are written in."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
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


REASON = "reason"  # why an item was picked, in words: the last column where it is asked for
FORMULA = r"^[=+\-@\t\r]"  # what a spreadsheet takes for the beginning of one
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # by which Excel knows UTF-8


class Excel(StrEnum):
    """What separates cells for Excel, which goes by the region of the computer it runs on: semicolons where numbers
    have a decimal comma, as in most of Europe and Latin America, commas where they have a point."""

    SEMICOLON = "semicolon"
    COMMA = "comma"


@dataclass(frozen=True)
class PicksFormat(ABC):
    """How rows of `columns`, those of `SCHEMA` and perhaps REASON, become a file: in parts, which are then joined in
    order."""

    columns: tuple[str, ...]

    @abstractmethod
    def write_part(self, rows: pl.DataFrame, file: IO[bytes]) -> None:
        """Write rows of the columns."""

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
        pl.DataFrame(schema=self.columns).write_csv(file, quote_style="non_numeric")
        _append(parts, file)


@dataclass(frozen=True)
class ExcelCsv(PicksFormat):
    """A CSV that Excel opens as a table, for people and no program: behind a byte order mark, and text that would be a
    formula has an apostrophe before it, ids too."""

    excel: Excel

    @property
    def separator(self) -> str:
        return ";" if self.excel is Excel.SEMICOLON else ","

    def write_part(self, rows: pl.DataFrame, file: IO[bytes]) -> None:
        text = pl.col(pl.String)
        safe = rows.with_columns(pl.when(text.str.contains(FORMULA)).then("'" + text).otherwise(text).name.keep())
        comma = self.excel is Excel.SEMICOLON
        safe.write_csv(
            file, include_header=False, quote_style="non_numeric", separator=self.separator, decimal_comma=comma
        )

    def join(self, parts: Sequence[Path], file: IO[bytes]) -> None:
        file.write(BYTE_ORDER_MARK)
        pl.DataFrame(schema=self.columns).write_csv(file, quote_style="non_numeric", separator=self.separator)
        _append(parts, file)


class Parquet(PicksFormat):
    """The columns with their types, compressed."""

    def write_part(self, rows: pl.DataFrame, file: IO[bytes]) -> None:
        rows.write_parquet(file)

    def join(self, parts: Sequence[Path], file: IO[bytes]) -> None:
        pl.scan_parquet(list(parts), glob=False).sink_parquet(file, row_group_size=ROWS_PER_GROUP)


FORMATS: dict[str, type[PicksFormat]] = {".ndjson": Ndjson, ".csv": Csv, ".parquet": Parquet}


def format_of(path: Path, reasons: bool = False, excel: Excel | None = None) -> PicksFormat:
    """The format that a file's ending names, with a column of reasons or for Excel if so. Raises PicksError."""
    columns = (*SCHEMA, REASON) if reasons else tuple(SCHEMA)
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise PicksError(f"{path}: the file must end in one of {', '.join(FORMATS)}, which says its format")
    if excel is None:
        return FORMATS[ending](columns)
    if FORMATS[ending] is not Csv:
        raise PicksError(f"{path}: a file for Excel must end in .csv")
    return ExcelCsv(columns, excel)


def _append(parts: Iterable[Path], file: IO[bytes]) -> None:
    for part in parts:
        with part.open("rb") as source:
            shutil.copyfileobj(source, file)

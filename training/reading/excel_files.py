"""Excel workbooks as tables: the first sheet, every value as text, dates as Excel has them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import polars as pl

from training.config import Layout
from training.errors import DataError
from training.reading.csv_files import empty_table
from training.reading.csv_lines import Lines
from training.reading.dialect import dialect_of
from training.reading.table import Found, Table


@contextmanager
def open_excel(name: str, shown: str, layout: Layout) -> Iterator[Table]:
    """The table of a workbook on this machine.

    Raises DataError where the reader is not installed, or the file is no workbook.
    """
    cells, sheets = _first_sheet(name, shown)
    filled = ~_blank(cells)
    if not filled.any():
        yield empty_table(shown, "Excel")
        return
    start = int(filled.arg_max() or 0)
    header = [value or "" for value in cells.row(start)]
    dialect = dialect_of(header, layout, shown, (start, 1))
    rows = cells[dialect.skip :].rename(dict(zip(cells.columns, dialect.names, strict=False)))
    blank = np.flatnonzero(_blank(rows).to_numpy())
    lines = Lines(dialect.skip + 1, blank - np.arange(len(blank)))
    found = Found("Excel", header=dialect.header, notes=_notes(sheets, len(blank), rows.height))
    place = partial(_place, shown, lines)
    yield Table(shown, dialect.offered, partial(_read, rows.filter(~_blank(rows))), found, place)


def _first_sheet(name: str, shown: str) -> tuple[pl.DataFrame, list[str]]:
    if "://" in name:
        raise DataError(f"{shown}: an Excel workbook is read from this machine: download it")
    try:
        import fastexcel  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise DataError(f"{shown}: Excel workbooks need one more library: pip install 'aisle[excel]'") from error
    try:
        book = fastexcel.read_excel(name)
        sheet = book.load_sheet(0, header_row=None, skip_rows=0, dtypes="string", skip_whitespace_tail_rows=True)
    except fastexcel.FastExcelError as error:
        raise DataError(f"{shown}: no readable Excel workbook: {str(error).splitlines()[0]}") from error
    return sheet.to_polars(), book.sheet_names


def _blank(rows: pl.DataFrame) -> pl.Series:
    empty = pl.all_horizontal(pl.all().is_null() | (pl.all().str.strip_chars() == ""))
    return rows.select(empty.alias("blank")).to_series()


def _read(rows: pl.DataFrame, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    yield rows.select(columns)


def _place(shown: str, lines: Lines, row: int) -> str:
    return f"{shown}, row {lines.of(row)}"


def _notes(sheets: Sequence[str], blank: int, rows: int) -> tuple[str, ...]:
    several = (f"the first of {len(sheets)} sheets: {sheets[0]}",) if len(sheets) > 1 else ()
    skipped = (f"blank rows, skipped: {blank:,}",) if blank else ()
    return (*several, *skipped, *(() if rows > blank else ("no rows",)))

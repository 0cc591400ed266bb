"""CSV files of which each line is a record by itself, as nearly all are: looked at and read by Polars."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from training.errors import DataError
from training.reading.csv_lines import Lines, Oddities, Survey, too_long
from training.reading.dialect import Dialect, fields_of
from training.reading.text_files import BATCH_LINES, STORAGE_OPTIONS, TextFile

QUOTED = '"[^"]*"'


def survey_lines(text: TextFile, dialect: Dialect) -> Survey | None:
    """What is odd about the lines of a file; None where a line that holds a quote is no whole record by itself.

    Raises DataError for a line with values in more fields than there are columns.
    """
    odd, blanks = Oddities(), [np.empty(0, np.int64)]
    start, quoted, ragged = 0, False, False
    for lines in data_lines(text, dialect):
        bare = _without_quoted(lines, dialect)
        if bare is None:
            return None
        quoted |= bare is not lines
        line = start + dialect.skip + 1
        is_blank = lines.str.strip_chars() == ""
        fields = bare.str.count_matches(dialect.separator, literal=True) + 1
        ragged |= _has_long(bare, fields, text.shown, line, dialect)
        _count_short(fields, is_blank, odd, line, dialect.needed)
        _count_zeros(lines, odd, line)
        blanks.append(start + np.flatnonzero(is_blank.to_numpy()))
        start += len(lines)
    blank = np.concatenate(blanks)
    odd.blank = len(blank)
    records = Lines(dialect.skip + 1, blank - np.arange(len(blank)))
    return Survey(start - len(blank), records, odd, True, quoted, ragged, blank=blank)


def _without_quoted(lines: pl.Series, dialect: Dialect) -> pl.Series | None:
    """The lines with an x for what is quoted; None where one is no whole record by itself."""
    marked = lines.str.contains('"', literal=True) if dialect.quotes else None
    if marked is None or not marked.any():
        return lines
    if not lines.filter(marked).str.contains(_whole(dialect.separator)).all():
        return None
    return lines.str.replace_all(QUOTED, "x")


def data_lines(text: TextFile, dialect: Dialect) -> Iterator[pl.Series]:
    """The lines after the header, in batches."""
    left = dialect.skip
    for lines in text.batches():
        yield lines[left:]
        left = max(left - len(lines), 0)


def read_simple(text: TextFile, dialect: Dialect, survey: Survey, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The columns as text, in batches. Raises DataError if it does not see as many records as the survey did."""
    frames = _parsed(text, dialect, survey, columns) if dialect.quotes else _split(text, dialect, columns)
    start = 0
    for frame in frames:
        batch = frame.select(columns)
        if len(survey.blank):
            batch = batch.filter(~pl.Series(np.isin(start + np.arange(frame.height), survey.blank)))
        start += frame.height
        yield batch.select(pl.all().str.replace_all("\0", "", literal=True)) if survey.odd.nul else batch
    if start != survey.records + len(survey.blank):
        raise DataError(f"{text.shown}: {start:,} records read of {survey.records:,}: is it being written to?")


def _whole(separator: str) -> str:
    mark = f"\\x{{{ord(separator):x}}}"
    one = f'(?:[^"{mark}]*|"(?:[^"]|"")*")'
    return f"^{one}(?:{mark}{one})*$"


def _count_short(fields: pl.Series, is_blank: pl.Series, odd: Oddities, line: int, needed: int) -> None:
    short = (fields < needed) & ~is_blank
    if short.any():
        odd.first_short = odd.first_short or line + int(short.arg_max() or 0)
        odd.short += int(short.sum())


def _has_long(lines: pl.Series, fields: pl.Series, shown: str, line: int, dialect: Dialect) -> bool:
    """Whether lines have more fields than there are columns. Raises DataError where such a field is not blank."""
    columns = len(dialect.names)
    long = fields > columns
    for place in np.flatnonzero(long.to_numpy()).tolist() if long.any() else ():
        if any(field.strip() for field in fields_of(lines[place], dialect.separator)[columns:]):
            raise too_long(shown, line + place, fields[place], columns)
    return bool(long.any())


def _count_zeros(lines: pl.Series, odd: Oddities, line: int) -> None:
    zero = lines.str.contains("\0", literal=True)
    if zero.any():
        odd.first_nul = odd.first_nul or line + int(zero.arg_max() or 0)
        odd.nul += int(zero.sum())


def _parsed(text: TextFile, dialect: Dialect, survey: Survey, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    frame = pl.scan_csv(
        text.path,
        has_header=False,
        skip_lines=dialect.skip,
        schema=dict.fromkeys(dialect.names, pl.String()),
        separator=dialect.separator,
        quote_char='"' if survey.quoted else None,
        missing_columns="insert",
        extra_columns="ignore",
        truncate_ragged_lines=survey.ragged or None,
        glob=False,
        storage_options=STORAGE_OPTIONS,
    )
    yield from frame.select(columns).collect_batches(chunk_size=BATCH_LINES, maintain_order=True)


def _split(text: TextFile, dialect: Dialect, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """By a separator of several characters, in files that know no quotes."""
    for lines in data_lines(text, dialect):
        fields = lines.str.splitn(dialect.separator, len(dialect.names) + 1).struct
        numbers = {name: place for place, name in enumerate(dialect.names)}
        yield pl.DataFrame({name: fields.field(f"field_{numbers[name]}") for name in columns})

"""CSV files that need a reader of records: fields over several lines, quotes inside fields.

A quote inside a field that is not quoted is a letter (5" pipe); one inside a quoted field is doubled, or escaped by a
backslash where the file does so. All else is an error that names the line: nothing is guessed, no row is lost.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import polars as pl

from training.errors import DataError
from training.reading.csv_lines import Lines, Oddities, Survey, too_long
from training.reading.dialect import Dialect
from training.reading.text_files import TextFile

BATCH_RECORDS = 100_000
ESCAPED_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
SHAPED = 100  # records that tell what a line of the file looks like
MANY_FIELDS = 4
RETURN, STAND_IN = "\r", "\ue00d"  # inside a line it is a letter to us; the csv module takes it for the line's end

Record = tuple[int, list[str]]


def survey_records(text: TextFile, dialect: Dialect) -> Survey:
    """What is odd about the records of a file.

    Raises DataError that names the line of the first record whose quotes cannot be understood, or that has values in
    more fields than there are columns.
    """
    try:
        return _survey(text, dialect, escaped=False)
    except DataError:
        if not any('\\"' in line for line in text.lines()):
            raise
        return _survey(text, dialect, escaped=True)


def read_records(text: TextFile, dialect: Dialect, survey: Survey, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The columns as text, in batches."""
    places = [dialect.names.index(column) for column in columns]
    records = (fields for _, fields in _records(text, dialect, survey.escaped) if fields)
    while batch := list(islice(records, BATCH_RECORDS)):
        values = ([row[place] if place < len(row) else None for row in batch] for place in places)
        frame = pl.DataFrame(
            {name: pl.Series(column, dtype=pl.String) for name, column in zip(columns, values, strict=True)}
        )
        yield frame.select(pl.all().str.replace_all("\0", "", literal=True)) if survey.odd.nul else frame


def _survey(text: TextFile, dialect: Dialect, escaped: bool) -> Survey:
    odd, gaps = Oddities(), []
    count, expected = 0, dialect.skip + 1
    for line, fields in _records(text, dialect, escaped):
        if not fields:
            odd.blank += 1
            continue
        gaps += [count] * (line - expected)
        count, expected = count + 1, line + 1
        _count(fields, line, odd, text, dialect)
    lines = Lines(dialect.skip + 1, np.array(gaps, np.int64))
    return Survey(count, lines, odd, simple=False, quoted=True, escaped=escaped)


def _count(fields: list[str], line: int, odd: Oddities, text: TextFile, dialect: Dialect) -> None:
    if len(fields) < dialect.needed:
        odd.short, odd.first_short = odd.short + 1, odd.first_short or line
    if any(field.strip() for field in fields[len(dialect.names) :]):
        raise too_long(text.shown, line, len(fields), len(dialect.names))
    if any("\0" in field for field in fields):
        odd.nul, odd.first_nul = odd.nul + 1, odd.first_nul or line


def _records(text: TextFile, dialect: Dialect, escaped: bool) -> Iterator[Record]:
    """Each record's first line (from 1) and fields, none for a blank line."""
    raw = _Raw(islice(text.lines(), dialect.skip, None), escaped)
    reader = csv.reader(raw, delimiter=dialect.separator, strict=True)
    shape = _Shape(dialect)
    while True:
        line = dialect.skip + reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(_unclear(text.shown, line, str(error))) from error
        taken = raw.take()
        if any(RETURN in part for part in taken):
            fields = [field.replace(STAND_IN, RETURN) for field in fields]
        if len(taken) == 1 and not taken[0].strip():
            fields = []
        elif len(taken) == 1:
            shape.learn(fields)
        elif shape.swallowed(taken):
            raise DataError(_unclear(text.shown, line, f"it would go on over {len(taken)} lines, some of them records"))
        yield line, fields


def _unclear(shown: str, line: int, reason: str) -> str:
    return (
        f"{shown}, line {line}: a quoted field is not closed or goes on after its quote ({reason}); a quote inside a "
        'quoted field is written twice: "5"" pipe"'
    )


class _Raw:
    """Lines as the csv module wants them; remembers those that it took since it was last asked."""

    def __init__(self, lines: Iterator[str], escaped: bool) -> None:
        self._lines = lines
        self._escaped = escaped
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._taken.append(line)
        if self._escaped and '\\"' in line:
            line = ESCAPED_QUOTE.sub(r'\1""', line)
        return f"{line.replace(RETURN, STAND_IN)}\n"

    def take(self) -> list[str]:
        taken, self._taken = self._taken, []
        return taken


class _Shape:
    """What a line of the file looks like: how many fields, and which of them begin with a digit."""

    def __init__(self, dialect: Dialect) -> None:
        self._separator = dialect.separator
        self._fields = len(dialect.names)
        self._digits = set(range(self._fields))
        self._learnt = 0

    def learn(self, fields: list[str]) -> None:
        """Here is one that is a record by itself."""
        if self._learnt < SHAPED and len(fields) == self._fields:
            self._learnt += 1
            self._digits &= {place for place, field in enumerate(fields) if field[:1].isdigit()}

    def swallowed(self, taken: list[str]) -> bool:
        """Whether a quoted field would hold lines that are records themselves."""
        known = bool(self._learnt and self._digits)
        inner = taken[1:] if known else taken[1:-1] if self._fields >= MANY_FIELDS else []
        return any(self._fits(line, known) for line in inner)

    def _fits(self, line: str, known: bool) -> bool:
        fields = line.split(self._separator)
        if len(fields) != self._fields or '"' in line:
            return False
        if known:
            return all(fields[place][:1].isdigit() for place in self._digits)
        return sum(1 for field in fields if field.strip()) > len(fields) / 2

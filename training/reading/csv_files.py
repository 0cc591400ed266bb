"""A CSV file as a table: looked at as a whole first, then read by the quickest reader that reads it right."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from training.config import Layout
from training.reading.csv_lines import Survey, expect_few_short
from training.reading.csv_records import read_records, survey_records
from training.reading.csv_simple import read_simple, survey_lines
from training.reading.dialect import SAMPLE_LINES, Dialect, find_dialect
from training.reading.table import Found, Table
from training.reading.text_files import TextFile, open_text


@contextmanager
def open_csv(name: str, shown: str, layout: Layout) -> Iterator[Table]:
    """The table of one file or URL.

    Raises DataError for what cannot be read as CSV: it names the line.
    """
    ending = ".tsv" if ".tsv" in name.lower() else ".csv"
    with open_text(name, shown, layout.encoding, may_have_mark=True) as text:
        sample = text.head(SAMPLE_LINES)
        if not any(line.strip() for line in sample):
            yield empty_table(shown, "CSV")
            return
        dialect = find_dialect(sample, layout, shown, ending)
        survey = survey_lines(text, dialect) or survey_records(text, dialect)
        expect_few_short(survey.odd, survey.records, shown, dialect.needed)
        reader = read_simple if survey.simple else read_records
        read = partial(reader, text, dialect, survey)
        place = partial(_place, shown, survey)
        yield Table(shown, dialect.offered, read, _found(text, dialect, survey), place)


def empty_table(shown: str, form: str) -> Table:
    """The table of a file without any content."""
    return Table(shown, (), lambda columns: iter(()), Found(form, notes=("empty",)), lambda row: shown)


def _found(text: TextFile, dialect: Dialect, survey: Survey) -> Found:
    none = () if survey.records else ("no rows",)
    notes = (*survey.odd.notes, *(('quotes are written \\"',) if survey.escaped else ()), *none)
    return Found("CSV", dialect.separator, text.encoding, dialect.header, notes)


def _place(shown: str, survey: Survey, row: int) -> str:
    return f"{shown}, line {survey.lines.of(row)}"

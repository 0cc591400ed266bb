"""JSON files as tables: an object a line, or one array of objects. Values come as text, numbers with their digits."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from training.config import Layout
from training.errors import DataError
from training.reading.csv_files import empty_table
from training.reading.csv_lines import Lines
from training.reading.json_array import array_as_lines
from training.reading.table import Found, Table
from training.reading.text_files import BATCH_LINES, STORAGE_OPTIONS, TextFile, open_text
from training.redaction import public_text

KEY_LINES = 10_000
AS_READ = "a JSON file holds an object on each line, or one array of objects"
GLOB_LETTERS = re.compile(r"[*?\[]")

Place = Callable[[int], str]


@contextmanager
def open_json(name: str, shown: str, layout: Layout) -> Iterator[Table]:
    """The table of one file or URL, whose columns are the keys of its first 10,000 objects.

    Raises DataError for what is neither an object a line nor one array of objects.
    """
    with open_text(name, shown, layout.encoding, may_have_mark=False) as text:
        first = next((line for line in text.lines() if line.strip()), "")
        if not first:
            yield empty_table(shown, "JSON")
        elif first.lstrip().startswith("["):
            with array_as_lines(text) as copy:
                found = Found("JSON, one array", encoding=text.encoding)
                yield _table(copy, found, array=True) if copy.head(1) else empty_table(shown, "JSON")
        else:
            yield _table(text, Found("JSON, an object a line", encoding=text.encoding), array=False)


def _table(text: TextFile, found: Found, *, array: bool) -> Table:
    lines = Lines(1, _blank_lines(text))
    place = partial(_nth_object if array else _nth_line, text.shown, lines)
    return Table(text.shown, tuple(_keys(text)), partial(_read, text, place), found, place)


def _nth_line(shown: str, lines: Lines, row: int) -> str:
    return f"{shown}, line {lines.of(row)}"


def _nth_object(shown: str, lines: Lines, row: int) -> str:
    return f"{shown}, object {row + 1}"


def _blank_lines(text: TextFile) -> npt.NDArray[np.int64]:
    start, blanks = 0, [np.empty(0, np.int64)]
    for lines in text.batches():
        blanks.append(start + np.flatnonzero((lines.str.strip_chars() == "").to_numpy()))
        start += len(lines)
    blank = np.concatenate(blanks)
    return blank - np.arange(len(blank))


def _keys(text: TextFile) -> list[str]:
    """In order of appearance. A broken line adds none: reading says where it is."""
    found: dict[str, None] = {}
    for line in islice(text.lines(), KEY_LINES):
        try:
            value = orjson.loads(line) if line.strip() else {}
        except orjson.JSONDecodeError:
            continue
        if isinstance(value, dict):
            found.update(dict.fromkeys(value))
    if not found:
        raise DataError(_fault(text) or f"{text.shown}: no JSON object has a key")
    return list(found)


def _read(text: TextFile, place: Place, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    # As text whatever the type: an id is 7 on one line and "007" on the next. This reader knows patterns alone.
    path = text.path if "://" in text.path else GLOB_LETTERS.sub(r"[\g<0>]", text.path)
    schema = dict.fromkeys(columns, pl.String())
    frame = pl.scan_ndjson(path, schema=schema, storage_options=STORAGE_OPTIONS)
    start = 0
    try:
        for batch in frame.collect_batches(chunk_size=BATCH_LINES, maintain_order=True):
            for column in columns:
                _expect_plain(batch[column], start, text, place)
            start += batch.height
            yield batch.select(columns)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DataError(_fault(text) or f"{text.shown}: no readable JSON: {public_text(str(error))}") from error


def _expect_plain(values: pl.Series, start: int, text: TextFile, place: Place) -> None:
    """Raises DataError where a value is a list or an object. A text may look like one, so the file is asked."""
    looks = (values.str.starts_with("[") | values.str.starts_with("{")).fill_null(value=False)
    for row in np.flatnonzero(looks.to_numpy()) if looks.any() else ():
        if not _is_nested(values[int(row)]):
            continue
        lines = (line for line in text.lines() if line.strip())
        value = orjson.loads(next(islice(lines, start + int(row), None))).get(values.name)
        if isinstance(value, list | dict):
            kind = "a list" if isinstance(value, list) else "an object"
            raise DataError(
                f"{place(start + int(row))}: {values.name!r} holds {kind}, {values[int(row)][:60]}: a column needs one "
                "plain value in each row"
            )
        return  # the file writes JSON as text


def _is_nested(value: str) -> bool:
    try:
        return isinstance(orjson.loads(value), list | dict)
    except orjson.JSONDecodeError:
        return False


def _fault(text: TextFile) -> str | None:
    """The file's first line that is no JSON object."""
    for number, line in enumerate(text.lines(), start=1):
        try:
            if line.strip() and not isinstance(orjson.loads(line), dict):
                return f"{text.shown}, line {number}: no JSON object: {line[:80]}; {AS_READ}"
        except orjson.JSONDecodeError as error:
            return f"{text.shown}, line {number}: no JSON: {error}; {AS_READ}"
    return None

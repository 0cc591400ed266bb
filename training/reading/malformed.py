"""Where a text file is broken: Polars says that it is, a second look says on which line."""

import csv
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from operator import itemgetter

import orjson
import polars as pl

STORAGE_OPTIONS = {"max_retries": 3}  # Polars' own 10 keep a wrong host name waiting for long
LINES = 50_000
KEY_LINES = 10_000

Fault = tuple[int, str]


def broken_csv(lines: Iterator[str], separator: str) -> Fault | None:
    """Line number (from 1) and problem of the first record that is no CSV or is longer than the header."""
    records = csv.reader(lines, delimiter=separator, strict=True)
    line = 1
    try:
        header = next(records, [])
        line = records.line_num + 1
        for record in records:
            if len(record) > len(header):
                return line, f"{len(record)} fields where the header names {len(header)}"
            line = records.line_num + 1
    except csv.Error as error:
        return line, f"a quoted field is not closed or goes on after its quote ({error})"
    return None


def broken_json(lines: Iterator[str]) -> Fault | None:
    """Line number (from 1) and problem of the first line that is no JSON object."""
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip() and not isinstance(orjson.loads(line), dict):
                return number, f"no JSON object: {line[:80]}"
        except orjson.JSONDecodeError as error:
            return number, f"no JSON: {error}"
    return None


def locate(name: str, find: Callable[[Iterator[str]], Fault | None]) -> str | None:
    """ "<file>, line <number>: <problem>" for the first fault `find` sees in a file, or in all that a glob matches."""
    rows = _lines(name)
    try:
        for path, lines in groupby(rows, key=itemgetter(0)):
            fault = find(text for _, text in lines)
            if fault:
                return f"{path}, line {fault[0]}: {fault[1]}"
    except pl.exceptions.PolarsError:
        return _no_utf8(name)
    return None


def keys(name: str) -> list[str]:
    """The keys of an NDJSON file's first 10,000 lines, in order of appearance. A broken line adds none."""
    found: dict[str, None] = {}
    for _, line in islice(_lines(name), KEY_LINES):
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(value, dict):
            found.update(dict.fromkeys(value))
    return list(found)


def _lines(name: str) -> Iterator[tuple[str, str]]:
    frame = pl.scan_lines(name, include_file_paths="path", storage_options=STORAGE_OPTIONS)
    for batch in frame.collect_batches(chunk_size=LINES, maintain_order=True):
        yield from batch.select("path", "line").iter_rows()


def _no_utf8(name: str) -> str | None:
    if "://" in name:
        return None
    with open(name, "rb") as file:  # noqa: PTH123
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return f"{name}, line {number}: no UTF-8 (byte {line[error.start]:#04x}); convert the file to UTF-8"
    return None

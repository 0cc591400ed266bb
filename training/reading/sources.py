"""Where rows come from: files and object stores by Polars' readers, databases by SQLAlchemy.

A source is opened as tables (one a file, one a query). Each is read in batches of the columns asked for, so that
what is larger than memory never stands in memory whole.
"""

from collections.abc import Iterator
from pathlib import Path

from training.addresses import is_database, scheme_of
from training.errors import DataError
from training.reading.database import open_query
from training.reading.files import format_of, open_file, open_prefix
from training.reading.table import Table

GLOB = "*?["


def open_tables(source: str, query: str | None = None) -> Iterator[Table]:
    """The tables of a file, directory, glob, object store or web URL, or of a database URL and its query, in order.

    Raises DataError for what is not there, cannot be reached, or is of no known format.
    """
    if is_database(source):
        with open_query(source, query) as table:
            yield table
    elif scheme_of(source):
        yield open_prefix(source) if source.endswith("/") else open_file(source)
    else:
        yield from map(open_file, _local_files(source))


def _local_files(source: str) -> list[str]:
    path = Path(source)
    if path.is_file():
        return [source]
    if path.is_dir():
        return _in_directory(path)
    if not any(letter in source for letter in GLOB):
        raise DataError(f"{source}: no such file")
    found = Path(path.anchor or ".").glob(str(path.relative_to(path.anchor)))
    return _sorted_files(found) or _nothing(source, "no file matches")


def _in_directory(directory: Path) -> list[str]:
    inside = (path for path in directory.rglob("*") if not _hidden(path.relative_to(directory)))
    known = _sorted_files(path for path in inside if format_of(path.name))
    return known or _nothing(str(directory), "no CSV, Parquet or NDJSON file in this directory")


def _sorted_files(paths: Iterator[Path]) -> list[str]:
    return sorted(str(path) for path in paths if path.is_file())


def _nothing(source: str, problem: str) -> list[str]:
    raise DataError(f"{source}: {problem}")


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)

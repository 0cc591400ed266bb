"""Where rows come from: files and object stores by Polars' readers, databases by SQLAlchemy.

A source is opened as tables (one a file, one a query). Each is read in batches of the columns asked for, so that
what is larger than memory never stands in memory whole.
"""

from collections.abc import Iterator
from pathlib import Path

from training.errors import DataError
from training.reading.database import open_query, without_password
from training.reading.files import format_of, open_file, open_prefix, without_secrets
from training.reading.table import Table

STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "http", "https")
GLOB = "*?["


def open_tables(source: str, query: str | None = None) -> Iterator[Table]:
    """The tables of a file, directory, glob, object store or web URL, or of a database URL and its query, in order.

    Raises DataError for what is not there, cannot be reached, or is of no known format.
    """
    scheme = _scheme(source)
    if scheme in STORES:
        yield open_prefix(source) if source.endswith("/") else open_file(source)
    elif scheme:
        with open_query(source, query) as table:
            yield table
    else:
        yield from map(open_file, _local_files(source))


def public_name(source: str) -> str:
    """The source without what is nobody's business: passwords, and the signature of a signed URL."""
    scheme = _scheme(source)
    return without_password(source) if scheme and scheme not in STORES else without_secrets(source)


def _scheme(source: str) -> str:
    return source.partition("://")[0].lower() if "://" in source else ""


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

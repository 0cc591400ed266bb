"""Where rows come from: files and object stores by Polars' readers, databases by SQLAlchemy.

A source is opened as tables (one a file, one a query). Each is read in batches of the columns asked for, so that
what is larger than memory never stands in memory whole.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from training.addresses import is_database, scheme_of
from training.config import Layout
from training.errors import DataError
from training.reading.database import open_query
from training.reading.files import ENDINGS, READERS, NoMatchError, format_of, matching, open_file
from training.reading.table import Table
from training.redaction import without_secrets

WILDCARDS = "*?["


def open_tables(source: str, query: str | None, layout: Layout) -> Iterator[Table]:
    """The tables of a file, directory, glob, object store or web URL, or of a database URL and its query, in order.

    Each is good until the next one is asked for. Of several files some may be empty: tables without columns. Raises
    DataError for what is not there, cannot be reached, is of no known format, or is all empty.
    """
    if is_database(source):
        with open_query(source, query) as table:
            yield table
        return
    filled = False
    for name in _names(source, layout):
        with open_file(name, layout) as table:
            filled = filled or bool(table.columns)
            yield table
    if not filled:
        raise DataError(f"{without_secrets(source)}: {_all_empty(source)}")


def _names(source: str, layout: Layout) -> list[str]:
    if scheme_of(source) == "file":
        return _local_files(_local_path(source), layout)
    if not scheme_of(source):
        return _local_files(source, layout)
    if source.endswith("/"):
        return _under_prefix(source, layout)
    return matching(source, layout) if "*" in source else [source]


def _local_path(url: str) -> str:
    parts = urlsplit(url.replace("?", "%3F").replace("#", "%23"))
    if parts.netloc not in ("", "localhost"):
        raise DataError(f"{url}: file:// names a file on this machine: file:///path")
    return url2pathname(parts.path)


def _local_files(source: str, layout: Layout) -> list[str]:
    """An existing path is that path, whatever letters it has; only another one is a pattern."""
    path = Path(source)
    if path.is_file():
        return [source]
    if path.is_dir():
        return _in_directory(path, layout)
    if not any(letter in source for letter in WILDCARDS):
        raise DataError(f"{source}: no such file")
    found = Path(path.anchor or ".").glob(str(path.relative_to(path.anchor)))
    return _sorted_files(found) or _nothing(source, "no file matches")


def _in_directory(directory: Path, layout: Layout) -> list[str]:
    inside = (path for path in directory.rglob("*") if not _hidden(path.relative_to(directory)))
    known = _sorted_files(path for path in inside if layout.format or format_of(path.name))
    return known or _nothing(str(directory), f"no data file in this directory (ending in {', '.join(ENDINGS)})")


def _under_prefix(url: str, layout: Layout) -> list[str]:
    """All files of the first format that there are any of under an object store's prefix."""
    if layout.format:
        return matching(f"{url}**/*", layout)
    for ending in (ending for reader in READERS.values() for ending in reader.endings):
        try:
            return matching(f"{url}**/*{ending}", layout)
        except NoMatchError:
            continue
    return _nothing(without_secrets(url), f"no data file under this prefix (ending in {', '.join(ENDINGS)})")


def _sorted_files(paths: Iterator[Path]) -> list[str]:
    return sorted(str(path) for path in paths if path.is_file())


def _all_empty(source: str) -> str:
    return "the file is empty" if Path(source).is_file() or scheme_of(source) else "all files are empty"


def _nothing(source: str, problem: str) -> list[str]:
    raise DataError(f"{source}: {problem}")


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)

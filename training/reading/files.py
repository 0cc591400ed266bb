"""Files of every format, here or in an object store, as tables read in batches."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import polars as pl

from training.config import FileFormat, Layout
from training.errors import DataError
from training.reading.csv_files import open_csv
from training.reading.excel_files import open_excel
from training.reading.json_files import open_json
from training.reading.parquet_files import open_parquet
from training.reading.table import Table
from training.reading.text_files import STORAGE_OPTIONS
from training.redaction import public_text, without_secrets

COMPRESSED = (".gz", ".zst")


@dataclass(frozen=True)
class FileReader:
    """How a kind of file is read: `open` gives the table of a name, which messages show as the second argument."""

    title: str
    endings: tuple[str, ...]
    open: Callable[[str, str, Layout], AbstractContextManager[Table]]


READERS: dict[FileFormat, FileReader] = {
    "parquet": FileReader("Parquet file", (".parquet", ".pq"), open_parquet),
    "csv": FileReader("CSV file", (".csv", ".tsv"), open_csv),
    "json": FileReader("JSON file", (".ndjson", ".jsonl", ".json"), open_json),
    "excel": FileReader("Excel workbook", (".xlsx",), open_excel),
}
ENDINGS = tuple(ending for reader in READERS.values() for ending in reader.endings)


class NoMatchError(DataError):
    """No file matches a pattern."""


def format_of(name: str) -> FileFormat | None:
    """The format a file's or URL's name tells by its ending, compressed (.gz, .zst) or not."""
    path = (urlsplit(name).path if "://" in name else name).lower()
    for ending in COMPRESSED:
        path = path.removesuffix(ending)
    return next((form for form, reader in READERS.items() if path.endswith(reader.endings)), None)


@contextmanager
def open_file(name: str, layout: Layout) -> Iterator[Table]:
    """The table of one file or URL; without columns where it is empty.

    Raises DataError, as reading the table may: no such file, unreachable, of no known format, malformed (with the
    line).
    """
    shown = without_secrets(name)
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{name!a}: the file's name is no UTF-8: rename it, or set LANG to a UTF-8 locale") from error
    reader = READERS[_format(name, shown, layout)]
    with ExitStack() as stack:
        with _explained(name, reader):
            table = stack.enter_context(reader.open(name, shown, layout))
        yield replace(table, read=lambda columns: _read(table, name, reader, columns))


def matching(url: str, layout: Layout) -> list[str]:
    """The objects of a store that a URL with wildcards matches, in order.

    Raises DataError where it cannot be reached, NoMatchError for none.
    """
    form = _format(url, without_secrets(url), layout)
    scan = pl.scan_parquet if form == "parquet" else pl.scan_lines
    with _explained(url, READERS[form]):
        frame = scan(url, include_file_paths="path", storage_options=STORAGE_OPTIONS)
        paths: dict[str, None] = {}
        for batch in frame.select("path").collect_batches(maintain_order=True):
            paths.update(dict.fromkeys(batch["path"].unique(maintain_order=True)))
    if not paths:
        raise NoMatchError(f"{without_secrets(url)}: no file matches")
    return list(paths)


def _format(name: str, shown: str, layout: Layout) -> FileFormat:
    form = layout.format or format_of(name)
    if form is None:
        raise DataError(
            f"{shown}: of no known format: a name ends in {', '.join(ENDINGS)}, with or without .gz or .zst; for "
            f"another one say format ({', '.join(READERS)})"
        )
    return form


def _read(table: Table, name: str, reader: FileReader, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    with _explained(name, reader):
        yield from table.read(columns)


@contextmanager
def _explained(name: str, reader: FileReader) -> Iterator[None]:
    """Whatever Polars raises becomes a DataError that names the file."""
    shown = without_secrets(name)
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{shown}: no such file") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{shown}: {public_text(_os_problem(error).replace(name, shown))}") from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        if "expanded paths were empty" in str(error):
            raise NoMatchError(f"{shown}: no file matches") from error
        if "invalid utf" in str(error):
            raise DataError(
                f"{shown}: no UTF-8: only files on this machine, plain or gzipped, may be another"
            ) from error
        raise DataError(
            f"{shown}: no readable {reader.title}: {public_text(_first_line(error).replace(name, shown))}"
        ) from error


def _os_problem(error: BaseException) -> str:
    """Polars tells an unreachable host only in the words of its chain of causes, the last of which says why."""
    if "error sending request" not in str(error):
        return f"cannot be read: {_first_line(error)}"
    return f"cannot be reached: {str(error).strip().splitlines()[-1].strip().lstrip('0123456789: ')}"


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]

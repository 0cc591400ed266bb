"""CSV, Parquet and NDJSON files, here or in an object store, as tables read in batches."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import polars as pl

from training.errors import DataError
from training.reading.malformed import STORAGE_OPTIONS, broken_csv, broken_json, keys, locate
from training.reading.table import Table
from training.redaction import without_secrets

BATCH_ROWS = 500_000
COMPRESSED = (".gz", ".zst")


@dataclass(frozen=True)
class FileFormat:
    """How a kind of file is read. `broken` names the file and line where one is malformed, if it can be told."""

    title: str
    endings: tuple[str, ...]
    columns: Callable[[str], Sequence[str]]
    scan: Callable[[str, Sequence[str]], pl.LazyFrame]
    broken: Callable[[str], str | None]


class NoMatchError(DataError):
    """No file matches a pattern."""


def format_of(name: str) -> FileFormat | None:
    """The format a file's or URL's name tells by its ending, compressed (.gz, .zst) or not."""
    path = (urlsplit(name).path if "://" in name else name).lower()
    for ending in COMPRESSED:
        path = path.removesuffix(ending)
    return next((form for form in FORMATS if path.endswith(form.endings)), None)


def open_file(name: str) -> Table:
    """The table of one file or URL, or of all that an object store's glob matches.

    Raises DataError, as reading the table may: no such file, unreachable, of no known format, malformed (with the
    line).
    """
    shown = without_secrets(name)
    form = format_of(name)
    if form is None:
        endings = ", ".join(ending for known in FORMATS for ending in known.endings)
        raise DataError(f"{shown}: of no known format: a name ends in {endings}, with or without .gz or .zst")
    with _explained(name, form):
        columns = tuple(form.columns(name))
    if not columns:
        raise NoMatchError(f"{shown}: no file matches") if "*" in name else DataError(f"{shown}: the file is empty")
    return Table(shown, columns, partial(_read, name, form))


def open_prefix(url: str) -> Table:
    """All files of one format under an object store's prefix, which ends in /. Raises DataError as `open_file`."""
    for ending in (ending for form in FORMATS for ending in form.endings):
        try:
            return open_file(f"{url}**/*{ending}")
        except NoMatchError:
            continue
    raise DataError(f"{without_secrets(url)}: no CSV, Parquet or NDJSON file under this prefix")


def _read(name: str, form: FileFormat, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    with _explained(name, form):
        for batch in form.scan(name, columns).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
            yield batch.select(columns)


@contextmanager
def _explained(name: str, form: FileFormat) -> Iterator[None]:
    """Whatever Polars raises becomes a DataError that names the file."""
    shown = without_secrets(name)
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{shown}: no such file") from error
    except OSError as error:
        raise DataError(f"{shown}: {_os_problem(error).replace(name, shown)}") from error
    except pl.exceptions.NoDataError as error:
        raise DataError(f"{shown}: the file is empty") from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        if "expanded paths were empty" in str(error):
            raise NoMatchError(f"{shown}: no file matches") from error
        problem = form.broken(name) or f"{name}: no readable {form.title}: {_first_line(error)}"
        raise DataError(problem.replace(name, shown)) from error


def _os_problem(error: OSError) -> str:
    """Polars tells an unreachable host only in the words of its chain of causes, the last of which says why."""
    if "error sending request" not in str(error):
        return f"cannot be read: {_first_line(error)}"
    return f"cannot be reached: {str(error).strip().splitlines()[-1].strip().lstrip('0123456789: ')}"


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _csv(title: str, ending: str, separator: str) -> FileFormat:
    def scan(name: str) -> pl.LazyFrame:
        return pl.scan_csv(name, separator=separator, infer_schema=False, storage_options=STORAGE_OPTIONS)

    def project(name: str, columns: Sequence[str]) -> pl.LazyFrame:
        # Only with the last column does Polars see that a line has too many.
        last = scan(name).collect_schema().names()[-1]
        return scan(name).select(list(dict.fromkeys([*columns, last])))

    return FileFormat(
        title,
        (ending,),
        columns=lambda name: scan(name).collect_schema().names(),
        scan=project,
        broken=lambda name: locate(name, partial(broken_csv, separator=separator)),
    )


def _scan_parquet(name: str, columns: Sequence[str]) -> pl.LazyFrame:
    return pl.scan_parquet(name, storage_options=STORAGE_OPTIONS).select(columns)


def _scan_ndjson(name: str, columns: Sequence[str]) -> pl.LazyFrame:
    # As text whatever the type: an id is 7 on one line and "007" on the next.
    return pl.scan_ndjson(name, schema=dict.fromkeys(columns, pl.String()), storage_options=STORAGE_OPTIONS)


FORMATS = (
    FileFormat(
        "Parquet file",
        (".parquet", ".pq"),
        columns=lambda name: pl.scan_parquet(name, storage_options=STORAGE_OPTIONS).collect_schema().names(),
        scan=_scan_parquet,
        broken=lambda name: None,
    ),
    _csv("CSV file", ".csv", ","),
    _csv("TSV file", ".tsv", "\t"),
    FileFormat(
        "NDJSON file",
        (".ndjson", ".jsonl"),
        columns=keys,
        scan=_scan_ndjson,
        broken=lambda name: locate(name, broken_json),
    ),
)

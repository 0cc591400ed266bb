"""A database's rows by URL and query, streamed by SQLAlchemy: SQLite, PostgreSQL, and what has a driver installed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from artifacts.redaction import scrubbed
from training.addresses import read_database_url
from training.errors import DataError
from training.reading.table import Found, Table, nth_row
from training.redaction import without_password

BATCH_ROWS = 100_000
CONNECT_SECONDS = 10


@contextmanager
def open_query(url: str, query: str | None) -> Iterator[Table]:
    """The rows of `query`, fetched as they are read, never all at once; every value comes as text.

    Raises DataError, as reading may: no query, no driver, unreachable, refused, or an error in the query.
    """
    name = without_password(url)
    address = read_database_url(url)
    with _explained(name, address):
        engine = sa.create_engine(address, connect_args=_connect_args(address))
    if address.drivername.startswith("sqlite") and not Path(address.database or "").is_file():
        raise DataError(f"{name}: no such file")  # SQLite would make one
    if query is None:
        raise DataError(f"{name}: a database needs a query (data.query)")
    try:
        with _explained(name, address), engine.connect() as connection:
            # The query is the driver's own text: nothing in it (a time's colon, LIKE's percent) is a parameter.
            rows = connection.execution_options(
                stream_results=True, yield_per=BATCH_ROWS, no_parameters=True, postgresql_readonly=True
            ).exec_driver_sql(query)
            yield Table(
                name,
                tuple(rows.keys()),
                lambda columns: _batches(rows, columns, name, address),
                Found("query"),
                nth_row(name),
            )
    finally:
        engine.dispose()


def _connect_args(address: sa.URL) -> dict[str, int]:
    return {"connect_timeout": CONNECT_SECONDS} if address.drivername.startswith("postgresql") else {}


@contextmanager
def _explained(name: str, address: sa.URL) -> Iterator[None]:
    try:
        yield
    except (sa.exc.NoSuchModuleError, ImportError) as error:
        told = scrubbed(str(error), address)
        raise DataError(f"{name}: no driver is installed for this kind of database: {told}") from None
    except sa.exc.SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise DataError(f"{name}: {scrubbed(' '.join(str(cause).split()), address)}") from None


def _batches(
    rows: sa.CursorResult[tuple[object, ...]], columns: Sequence[str], name: str, address: sa.URL
) -> Iterator[pl.DataFrame]:
    places = [list(rows.keys()).index(column) for column in columns]
    with _explained(name, address):
        for batch in rows.partitions(BATCH_ROWS):
            yield pl.DataFrame(
                {column: _text([row[place] for row in batch]) for column, place in zip(columns, places, strict=True)}
            )


def _text(values: Sequence[object]) -> pl.Series:
    return pl.Series([None if value is None else str(value) for value in values], dtype=pl.String)

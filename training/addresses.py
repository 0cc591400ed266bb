"""What a source's address names: a file, an object store or web URL, or a database."""

import sqlalchemy as sa

from training.errors import DataError

STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "http", "https")


def scheme_of(source: str) -> str:
    """What stands before "://", in small letters; "" for a file, a directory or a glob."""
    return source.partition("://")[0].lower() if "://" in source else ""


def is_database(source: str) -> bool:
    """Whether the source is a database URL rather than a file, an object store or a web address."""
    return scheme_of(source) not in ("", "file", *STORES)


def read_database_url(url: str) -> sa.URL:
    """The parts of a database URL. Raises DataError if it is none."""
    try:
        address = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise DataError(f"{scheme_of(url)}://…: no database URL (postgresql://user@host/name)") from None
    if address.drivername == "postgres":  # what hosting companies hand out
        address = address.set(drivername="postgresql")
    return address

"""Where the live store is: a URL, read and checked."""

from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from artifacts.live.errors import LiveUrlError
from artifacts.redaction import public_url

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
_POSTGRESQL_NAMES = {POSTGRESQL, "postgres"}  # the latter is what hosting companies hand out


@dataclass(frozen=True)
class LiveAddress:
    """A database's URL, for the driver that is used, and its name to be shown: without account and password."""

    url: sa.URL = field(repr=False)
    name: str

    @property
    def path(self) -> Path | None:
        """The file of SQLite's; None for PostgreSQL."""
        is_file = self.url.get_backend_name() == SQLITE
        return Path(self.url.database or "").absolute() if is_file else None

    @property
    def missing_folder(self) -> Path | None:
        """The folder that SQLite's file would be in, where there is none."""
        folder = Path(self.url.database or "").parent
        return folder if self.path is not None and not folder.is_dir() else None


def read_address(text: str) -> LiveAddress:
    """The address in a URL: `sqlite:///path`, `sqlite:////absolute/path` or `postgresql://…`.

    Raises LiveUrlError. Whether the file is there, or can be, is not looked at.
    """
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise LiveUrlError("it is no database URL (sqlite:///path, postgresql://user@host/name)") from None
    backend = url.drivername.partition("+")[0]
    if backend == SQLITE:
        return _sqlite(url)
    if backend in _POSTGRESQL_NAMES:
        public = public_url(url)
        name = f"{POSTGRESQL}://{public.host or ''}/{public.database or ''}"
        return LiveAddress(_usable(url.set(drivername="postgresql+psycopg")), name)
    raise LiveUrlError(f"{backend}:// is neither sqlite:// nor postgresql://")


def _usable(url: sa.URL) -> sa.URL:
    """The URL, if its options can be handed to the driver. It is only connected to by whoever uses it."""
    try:
        sa.create_engine(url)
    except (sa.exc.SQLAlchemyError, ValueError, TypeError):
        raise LiveUrlError(f"its options after '?' cannot be used: {', '.join(url.query)}") from None
    return url


def _sqlite(url: sa.URL) -> LiveAddress:
    if not url.database or url.database == ":memory:" or url.host:
        raise LiveUrlError("sqlite:// needs a file: sqlite:///path, or sqlite:////absolute/path")
    if url.query:
        raise LiveUrlError("sqlite:// takes no options after '?'")
    return LiveAddress(url.set(drivername="sqlite+pysqlite"), f"sqlite:///{url.database}")

"""The live store's tables brought up to this release's, by whoever comes first."""

from pathlib import Path

import sqlalchemy as sa

from artifacts.live.database import Database
from artifacts.live.errors import LiveSchemaError
from artifacts.live.schema import REVISION, STATE, VERSION

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> bytes:
    """Make or migrate the tables, in one transaction; answers the key of erasures.

    Raises LiveUnavailableError; LiveSchemaError where a newer release made the tables, which are left alone then.
    """

    def work(connection: sa.Connection) -> bytes:
        database.begin_upgrade(connection)
        if _revision(connection) != REVISION:
            _migrate(connection, database.name)
        return bytes(connection.execute(sa.select(STATE.c.erasure_key)).scalar_one())

    return database.write(work)


def newer(name: str) -> LiveSchemaError:
    """The error to raise where the tables are not of this release."""
    return LiveSchemaError(f"{name}: its tables were made by a newer release than this one (schema {REVISION})")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION.name):
        return None
    return connection.execute(sa.select(VERSION.c.version_num)).scalar()


def _migrate(connection: sa.Connection, name: str) -> None:
    # Only where there is something to migrate: a worker that starts has no need of Alembic.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:  # a revision that is not among ours
        raise newer(name) from error

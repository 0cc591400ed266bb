"""The numbers of changes: given under the lock of one row, so that they are committed in their order."""

import sqlalchemy as sa

from artifacts.live.database import Database
from artifacts.live.schema import REVISION, STATE, VERSION
from artifacts.live.upgrade import newer

_LAST = sa.select(STATE.c.seq, VERSION.c.version_num)
_TAKE = (
    sa.update(STATE)
    .where(sa.exists().where(VERSION.c.version_num == REVISION))
    .values(seq=STATE.c.seq + sa.bindparam("count"))
    .returning(STATE.c.seq)
)


def watermark(database: Database, patient: bool = False) -> int:
    """The number of the last change; `patient`, it may take as long as a write. Raises LiveUnavailableError."""
    ((last, revision),) = database.read(_LAST, {}, patient)
    if revision != REVISION:
        raise newer(database.name)
    return int(last)


def probe(database: Database) -> None:
    """Write nothing new, as durably as anything, to see that it can be done. Raises LiveUnavailableError."""
    database.write(lambda connection: take(connection, database, 0))


def take(connection: sa.Connection, database: Database, count: int = 1) -> range:
    """The next `count` numbers; until the transaction ends, every other one that writes waits.

    Raises LiveSchemaError.
    """
    last = connection.execute(_TAKE, {"count": count}).scalar()
    if last is None:
        raise newer(database.name)
    return range(int(last) - count + 1, int(last) + 1)

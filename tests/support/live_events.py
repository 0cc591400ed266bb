"""Events for tests of the live store, and a look at its tables past it."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from artifacts.live.address import read_address
from artifacts.live.database import Patience
from artifacts.live.events import Event
from artifacts.live.store import LiveStore

NOW = 1_770_000_000.0


def event(number: int, kind: str = "view", user: str | None = "ana", session: str | None = None) -> Event:
    """Of an item and at a time of its own."""
    owner = None if session is not None else user
    return Event(f"event-{number}", kind, owner, session, f"item-{number}", NOW + number, 2.0, 9.5, "request-1")


@contextmanager
def opened(url: str) -> Iterator[LiveStore]:
    """A live store, ready to be used, with patience for a busy machine."""
    store = LiveStore(url, Patience(read=20, write=20))
    try:
        store.check()
        yield store
    finally:
        store.close()


def connect(url: str) -> sa.Connection:
    """A connection of the test's own, which commits by itself."""
    engine = sa.create_engine(read_address(url).url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    return engine.connect()


def rows(url: str, text: str) -> list[tuple[object, ...]]:
    with connect(url) as connection:
        return [tuple(row) for row in connection.exec_driver_sql(text)]

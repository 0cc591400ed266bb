"""What users and visitors did, as the shop reports it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from time import time as now
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from artifacts.live.activity import EventType
from artifacts.live.counter import take, watermark
from artifacts.live.database import Database, Row, limited
from artifacts.live.erasures import Digester
from artifacts.live.schema import ERASURES, EVENTS
from artifacts.live.sound_rows import sound_erasure_time, sound_events

PRUNED_AT_ONCE = 5_000  # rows; other writers get their turn in between
READ_AT_ONCE = 10_000  # rows


NOTHING, LOOK, ORDER = 0, 1, 2
WEIGHT_CLASS = {
    EventType.IMPRESSION: NOTHING,
    EventType.VIEW: LOOK,
    EventType.CLICK: LOOK,
    EventType.CART: LOOK,
    EventType.PURCHASE: ORDER,
    EventType.RETURN: ORDER,
}


class Event(NamedTuple):
    """One event, of a user or of a session: one of the two is None. `time` is in Unix seconds."""

    event_id: str
    type: str
    user_id: str | None
    session_id: str | None
    item_id: str
    time: float
    quantity: float | None = None
    price: float | None = None
    request_id: str | None = None


class StoredEvent(NamedTuple):
    """An event as it is kept: `seq` is its number, `received` when it came, in Unix seconds."""

    seq: int
    event_id: str
    type: str
    user_id: str | None
    session_id: str | None
    item_id: str
    time: float
    quantity: float | None
    price: float | None
    request_id: str | None
    received: float


class ItemEvent(NamedTuple):
    """What an event says of its item: all but who did it."""

    seq: int
    item_id: str
    type: str
    time: float
    quantity: float | None


@dataclass(frozen=True)
class Insertion:
    """What became of a batch: how many events are new and stored; the places in the batch of those that were there
    already, and of those from before their user's erasure, which are not stored."""

    accepted: int
    duplicates: tuple[int, ...]
    erased: tuple[int, ...]

    def divided(self, sizes: Sequence[int]) -> "list[Insertion]":
        """What became of each of the batches of these sizes that this one was put together from."""
        ends = [*accumulate(sizes)]
        return [self._part(end - size, end) for size, end in zip(sizes, ends, strict=True)]

    def _part(self, start: int, end: int) -> "Insertion":
        duplicates, erased = (
            tuple(place - start for place in places if start <= place < end)
            for places in (self.duplicates, self.erased)
        )
        return Insertion(end - start - len(duplicates) - len(erased), duplicates, erased)


# Understood by SQLite as well. What it answers is stored; of an event that is there already it answers nothing.
_INSERT = postgresql.insert(EVENTS).on_conflict_do_nothing(index_elements=["event_id"]).returning(EVENTS.c.event_id)
_ERASED = sa.select(ERASURES.c.digest, ERASURES.c.time, ERASURES.c.seq).where(
    ERASURES.c.digest.in_(sa.bindparam("digests", expanding=True))
)
_RANGE = (EVENTS.c.seq > sa.bindparam("after"), EVENTS.c.seq <= sa.bindparam("up_to"))
_STORED = limited(
    sa.select(*(EVENTS.c[name] for name in StoredEvent._fields)).where(*_RANGE).order_by(EVENTS.c.seq), READ_AT_ONCE
)
_OF_ITEMS = limited(
    sa.select(*(EVENTS.c[name] for name in ItemEvent._fields))
    .where(*_RANGE, EVENTS.c.weight_class > sa.literal_column(str(NOTHING)))
    .order_by(EVENTS.c.seq),
    READ_AT_ONCE,
)


def insert(database: Database, digester: Digester, brought: Callable[[], Sequence[Sequence[Event]]]) -> list[Insertion]:
    """Store batches in one transaction, each event once by its event_id: in these batches, and ever as long as it is
    kept. `brought` answers them, as late as can be: when it is this process's turn to write.

    Writers are one after another from `take` on, so that what is not there then is not there at the insert either.
    Raises LiveUnavailableError, after which the same batches may be sent again.
    """

    def work(connection: sa.Connection) -> list[Insertion]:
        batches = brought()
        whole = _insert(connection, database, digester, [event for batch in batches for event in batch])
        return whole.divided([len(batch) for batch in batches])

    return database.write(work)


def _insert(connection: sa.Connection, database: Database, digester: Digester, events: Sequence[Event]) -> Insertion:
    numbers = take(connection, database, len(events))
    erased = _erased_at(connection, database, digester, events)
    late = {place for place, event in enumerate(events) if event.time <= erased.get(event.user_id, float("-inf"))}
    received = now()
    rows = {
        place: {
            **event._asdict(),
            "seq": seq,
            "weight_class": WEIGHT_CLASS[EventType(event.type)],
            "received": received,
        }
        for place, (seq, event) in enumerate(zip(numbers, events, strict=True))
        if place not in late
    }
    stored = database.rows_of_each(connection, _INSERT, [*rows.values()]) if rows else []
    duplicates = tuple(place for place, found in zip(rows, stored, strict=True) if not found)
    if len(duplicates) == len(rows):
        connection.rollback()
    return Insertion(len(rows) - len(duplicates), duplicates, tuple(sorted(late)))


def read_events(database: Database, after: int, up_to: int) -> Iterator[list[StoredEvent]]:
    """The events with numbers above `after` and up to `up_to`, in their order, some at a time, as they are read."""
    for rows in _chunks(database, _STORED, after, up_to):
        yield sound_events(map(StoredEvent._make, rows), database.skipped)


def read_item_events(database: Database, after: int) -> Iterator[list[ItemEvent]]:
    """What the events above a number tell of items, in their order, impressions left out, as they are read."""
    up_to = watermark(database)
    if up_to > after:
        for rows in _chunks(database, _OF_ITEMS, after, up_to):
            yield sound_events(map(ItemEvent._make, rows), database.skipped)


def prune(database: Database, before: float, read_up_to: int) -> int:
    """Delete events received before a time (Unix seconds) that have numbers up to `read_up_to`; answers how many."""
    old = (
        sa.select(EVENTS.c.seq)
        .where(EVENTS.c.seq <= read_up_to, EVENTS.c.received < before)
        .order_by(EVENTS.c.seq)
        .limit(PRUNED_AT_ONCE)
    )

    def work(connection: sa.Connection) -> int:
        take(connection, database)
        return connection.execute(sa.delete(EVENTS).where(EVENTS.c.seq.in_(old))).rowcount

    pruned = 0
    while True:
        deleted = database.write(work)
        pruned += deleted
        if deleted < PRUNED_AT_ONCE:
            return pruned


def _chunks(
    database: Database, statement: sa.Select[tuple[object, ...]], after: int, up_to: int
) -> Iterator[list[Row]]:
    while rows := database.read(statement, {"after": after, "up_to": up_to}, patient=True):
        yield rows
        after = rows[-1][0]


def _erased_at(
    connection: sa.Connection, database: Database, digester: Digester, events: Sequence[Event]
) -> dict[str | None, float]:
    """When those of the events' users who asked for it were erased, in Unix seconds."""
    users = {digester(event.user_id): event.user_id for event in events if event.user_id is not None}
    found = connection.execute(_ERASED, {"digests": list(users)})
    return {users[bytes(digest)]: sound_erasure_time(time, seq, database.skipped) for digest, time, seq in found}

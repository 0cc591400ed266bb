"""What users may ask of the shop: to be forgotten, to be told what is held, not to be profiled."""

from dataclasses import dataclass
from time import time as now

import sqlalchemy as sa

from artifacts.live.activity import Erasure
from artifacts.live.counter import take
from artifacts.live.database import Database
from artifacts.live.erasures import Digester
from artifacts.live.events import StoredEvent
from artifacts.live.schema import ERASURES, EVENTS, PREFERENCES
from artifacts.live.sound_rows import sound_erasure_time


@dataclass(frozen=True)
class Forgotten:
    """An erasure as it was done, and how many events it deleted."""

    erasure: Erasure
    events: int


@dataclass(frozen=True)
class Held:
    """All that is held of a user: events, oldest first; `personalized` as the user chose, None where they did not;
    their last erasure."""

    events: tuple[StoredEvent, ...]
    personalized: bool | None
    erased: Erasure | None


_THEIRS = EVENTS.c.user_id == sa.bindparam("user_id")
_EVENTS = sa.select(*(EVENTS.c[name] for name in StoredEvent._fields)).where(_THEIRS).order_by(EVENTS.c.seq)
_PREFERENCE = sa.select(PREFERENCES.c.personalized).where(PREFERENCES.c.user_id == sa.bindparam("user_id"))
_ERASURE = sa.select(ERASURES.c.time, ERASURES.c.seq).where(ERASURES.c.digest == sa.bindparam("digest"))
_CHOICES = sa.select(PREFERENCES.c.user_id, PREFERENCES.c.personalized).where(PREFERENCES.c.seq > sa.bindparam("after"))


def erase(database: Database, digester: Digester, user_id: str) -> Forgotten:
    """Delete a user's events and preferences, and note that and when without the id. Raises LiveUnavailableError."""
    digest = digester(user_id)

    def work(connection: sa.Connection) -> Forgotten:
        (seq,) = take(connection, database)
        erasure = Erasure(now(), seq)
        deleted = connection.execute(sa.delete(EVENTS).where(EVENTS.c.user_id == user_id)).rowcount
        connection.execute(sa.delete(PREFERENCES).where(PREFERENCES.c.user_id == user_id))
        connection.execute(sa.delete(ERASURES).where(ERASURES.c.digest == digest))
        connection.execute(sa.insert(ERASURES), [{"digest": digest, **erasure._asdict()}])
        return Forgotten(erasure, deleted)

    return database.write(work)


def set_personalized(database: Database, user_id: str, personalized: bool) -> None:
    """Keep whether a user wants answers of their own. Raises LiveUnavailableError."""

    def work(connection: sa.Connection) -> None:
        (seq,) = take(connection, database)
        connection.execute(sa.delete(PREFERENCES).where(PREFERENCES.c.user_id == user_id))
        row = {"user_id": user_id, "seq": seq, "personalized": personalized, "changed": now()}
        connection.execute(sa.insert(PREFERENCES), [row])

    database.write(work)


def held(database: Database, digester: Digester, user_id: str) -> Held:
    """All that is held of a user. Raises LiveUnavailableError."""
    events = database.read(_EVENTS, {"user_id": user_id}, patient=True)
    preferences = database.read(_PREFERENCE, {"user_id": user_id})
    erasures = database.read(_ERASURE, {"digest": digester(user_id)})
    return Held(
        events=tuple(map(StoredEvent._make, events)),
        personalized=bool(preferences[0][0]) if preferences else None,
        erased=_erasure(database, *erasures[0]) if erasures else None,
    )


def _erasure(database: Database, time: float, seq: int) -> Erasure:
    return Erasure(sound_erasure_time(time, seq, database.skipped), seq)


def read_preferences(database: Database, after: int) -> dict[str, bool]:
    """Whether users want answers of their own, of those who chose above a number. Raises LiveUnavailableError."""
    return {user_id: bool(chosen) for user_id, chosen in database.read(_CHOICES, {"after": after}, patient=True)}

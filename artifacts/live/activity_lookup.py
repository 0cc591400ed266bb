"""What a request has to know of its user or session, in one look-up."""

from typing import Any

import sqlalchemy as sa

from artifacts.live.activity import NO_ACTIVITY, Erasure, LiveEvent, UserActivity
from artifacts.live.database import Database, Row, limited
from artifacts.live.erasures import Digester
from artifacts.live.events import LOOK, ORDER
from artifacts.live.schema import ERASURES, EVENTS, PREFERENCES, REVISION, VERSION
from artifacts.live.sound_rows import Skipped, sound_erasure_time, sound_events
from artifacts.live.upgrade import newer

MAX_LOOKS = 200
MAX_ORDERS = 1_000
"""The newest events of each kind are answered: orders have a bound of their own, so that looks never hide them."""


_REVISION, _ERASED, _PREFERENCE = 3, 4, 5  # kinds of rows beside LOOK and ORDER


def _row(kind: int, **values: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
    """The columns of one branch: its kind and LiveEvent's fields."""
    types = {"seq": sa.BigInteger, "type": sa.Text, "item_id": sa.Text, "time": sa.Double, "quantity": sa.Double}
    columns = (values.get(name, sa.cast(sa.null(), kinds)).label(name) for name, kinds in types.items())
    return [sa.literal_column(str(kind)).label("kind"), *columns]


def _events(kind: int, limit: int, *which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    newest = sa.select(*_row(kind, **{name: EVENTS.c[name] for name in LiveEvent._fields})).where(
        *which, EVENTS.c.weight_class == sa.literal_column(str(kind))
    )
    return sa.select(limited(newest.order_by(EVENTS.c.seq.desc()), limit).subquery())


_OF_USER = (EVENTS.c.user_id == sa.bindparam("user_id"), EVENTS.c.seq > sa.bindparam("after"))
_OF_SESSION = EVENTS.c.session_id == sa.bindparam("session_id")  # all of them: no training knows whose they are
_USER = (
    sa.select(*_row(_REVISION, type=VERSION.c.version_num)),
    sa.select(*_row(_ERASED, time=ERASURES.c.time, seq=ERASURES.c.seq)).where(
        ERASURES.c.digest == sa.bindparam("digest")
    ),
    sa.select(
        *_row(
            _PREFERENCE, seq=sa.case((PREFERENCES.c.personalized, sa.literal_column("1")), else_=sa.literal_column("0"))
        )
    ).where(PREFERENCES.c.user_id == sa.bindparam("user_id")),
    _events(ORDER, MAX_ORDERS, *_OF_USER),
    _events(LOOK, MAX_LOOKS, *_OF_USER),
)
_SESSION = (_events(ORDER, MAX_ORDERS, _OF_SESSION), _events(LOOK, MAX_LOOKS, _OF_SESSION))
_OF_A_USER = sa.union_all(*_USER)  # as most requests are: every branch less is time saved
_OF_BOTH = sa.union_all(*_USER, *_SESSION)


def read_activity(
    database: Database, digester: Digester, user_id: str | None, session_id: str | None, after: int
) -> UserActivity:
    """What is known of a user and a session, either of them None: the user's events above the number `after`, and all
    of the session's.

    One round trip. Raises LiveUnavailableError.
    """
    digest = digester(user_id) if user_id is not None else None
    parameters = {"user_id": user_id, "session_id": session_id, "digest": digest, "after": after}
    rows = database.read(_OF_BOTH if session_id is not None else _OF_A_USER, parameters)
    if not any(row[0] == _REVISION and row[2] == REVISION for row in rows):
        raise newer(database.name)
    return _as_activity(rows, database.skipped) if len(rows) > 1 else NO_ACTIVITY


def _as_activity(rows: list[Row], skipped: Skipped) -> UserActivity:
    by_kind: dict[int, list[Row]] = {}
    for row in rows:
        by_kind.setdefault(row[0], []).append(row)
    erased = [Erasure(sound_erasure_time(row[4], row[1], skipped), row[1]) for row in by_kind.get(_ERASED, ())]
    personalized = all(row[1] for row in by_kind.get(_PREFERENCE, ()))
    return UserActivity(
        orders=_newest_first(by_kind.get(ORDER, []), MAX_ORDERS, skipped) if personalized else (),
        looks=_newest_first(by_kind.get(LOOK, []), MAX_LOOKS, skipped) if personalized else (),
        erased=erased[0] if erased else None,
        personalized=personalized,
    )


def _newest_first(rows: list[Row], limit: int, skipped: Skipped) -> tuple[LiveEvent, ...]:
    """The user's and the session's events together."""
    rows.sort(key=lambda row: row[1], reverse=True)
    return tuple(sound_events((LiveEvent._make(row[1:]) for row in rows[:limit]), skipped))

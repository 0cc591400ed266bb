"""Rows of the live store whose values can be what they say. The service writes no others, but a database holds any: one
such value must not cost all others."""

from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple, TypeVar

from artifacts.live.activity import EventType
from artifacts.shared_limits import MAX_PRICE, MAX_QUANTITY

LATEST = 4_102_444_800.0  # Unix seconds of the year 2100: what is later was meant in other units
MAX_TOLD_APART = 10_000
_TYPES = frozenset(str(kind) for kind in EventType)


class Skipped:
    """The values that were skipped, each once however often it is read: by table, number of the change, and column.

    May be used by many threads. Beyond MAX_TOLD_APART they are not counted any more.
    """

    def __init__(self) -> None:
        self._places: set[tuple[str, int, str]] = set()
        self._news: list[str] = []
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._places)

    def add(self, table: str, seq: int, column: str) -> None:
        """Note a value."""
        with self._lock:
            if (table, seq, column) not in self._places and len(self._places) < MAX_TOLD_APART:
                self._places.add((table, seq, column))
                self._news.append(f"{table}.{column} of the change {seq}")

    def take_news(self) -> list[str]:
        """Where those stand that were skipped since this was last asked."""
        with self._lock:
            news, self._news = self._news, []
            return news


Row = TypeVar("Row", bound=NamedTuple)


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and 0 <= value <= LATEST


def _is_type(value: object) -> bool:
    return value in _TYPES


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_quantity(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and 0 <= value <= MAX_QUANTITY)


def _is_price(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and 0 <= value <= MAX_PRICE)


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


_EVENT_CHECKS = (
    ("time", _is_time),
    ("type", _is_type),
    ("item_id", _is_id),
    ("quantity", _is_quantity),
    ("price", _is_price),
    ("user_id", _is_text),
    ("session_id", _is_text),
)
_ITEM_CHECKS = (
    ("item_id", _is_id),
    ("price", _is_price),
    *((name, _is_text) for name in ("title", "category", "image_url", "product_url")),
)


def sound_events(events: Iterable[Row], skipped: Skipped) -> list[Row]:
    """The events without those whose type, item, owner or time cannot be; a quantity or price that cannot be is None.

    Any rows will do that have the columns of an ItemEvent, and perhaps more of an Event's.
    """
    sound = []
    for event in events:
        unsound = [name for name, can_be in _EVENT_CHECKS if not can_be(getattr(event, name, None))]
        for name in unsound:
            skipped.add("live_events", event.seq, name)  # type: ignore[attr-defined]
        if not unsound:
            sound.append(event)
        elif not set(unsound) - {"quantity", "price"}:
            sound.append(event._replace(**dict.fromkeys(unsound)))
    return sound


def sound_item(item: Row, seq: int, skipped: Skipped) -> Row | None:
    """The item with None in place of what cannot be; None where its id cannot."""
    unsound = [name for name, can_be in _ITEM_CHECKS if not can_be(getattr(item, name))]
    for name in unsound:
        skipped.add("live_items", seq, name)
    if "item_id" in unsound:
        return None
    return item._replace(**dict.fromkeys(unsound)) if unsound else item


def sound_erasure_time(time: float, seq: int, skipped: Skipped) -> float:
    """When a user was erased; where that cannot be, as late as can be: who asked to be forgotten stays so."""
    if _is_time(time):
        return time
    skipped.add("live_erasures", seq, "time")
    return LATEST

"""The bodies with which the service answers writes to the live store, and tells what it holds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from artifacts.live.activity import Erasure
from artifacts.live.events import StoredEvent
from artifacts.live.items import LiveItem
from artifacts.live.users import Held
from artifacts.model.ids import UNKNOWN
from artifacts.model.model import Model

_CLOSED = ConfigDict(extra="forbid")
Count = Annotated[int, Field(ge=0)]


@with_config(_CLOSED)
class EventProblem(TypedDict):
    """What is wrong with a field of the event at that place in the list, counted from 0."""

    index: Count
    event_id: NotRequired[str]
    field: str
    message: str


@with_config(_CLOSED)
class EventsBody(TypedDict):
    """What became of the events: how many are new and stored, which were there already, which were refused and why."""

    request_id: str
    accepted: Count
    duplicates: list[str]
    errors: list[EventProblem]


@with_config(_CLOSED)
class ItemBody(TypedDict):
    """What the live store says of an item now; null where the trained model's catalogue counts."""

    request_id: str
    item_id: str
    available: bool | None
    price: float | None
    title: str | None
    category: str | None
    image_url: str | None
    product_url: str | None


@with_config(_CLOSED)
class LineProblem(TypedDict):
    """What is wrong with a field of a line, counted from 1."""

    line: Annotated[int, Field(ge=1)]
    field: str
    message: str


@with_config(_CLOSED)
class ItemsBody(TypedDict):
    """How many lines were taken and refused, and what is wrong with the first of the latter."""

    request_id: str
    accepted: Count
    refused: Count
    errors: list[LineProblem]


@with_config(_CLOSED)
class ErasureBody(TypedDict):
    """When the user was forgotten, and how many events that deleted."""

    request_id: str
    erased_at: str
    events_deleted: Count


@with_config(_CLOSED)
class PreferencesBody(TypedDict):
    """What is kept."""

    request_id: str
    user_id: str
    personalized: bool


@with_config(_CLOSED)
class HeldEventBody(TypedDict):
    """A stored event; `received_at` is when it came."""

    event_id: str
    type: str
    item_id: str
    time: str
    quantity: float | None
    price: float | None
    request_id: str | None
    received_at: str


@with_config(_CLOSED)
class HeldItemBody(TypedDict):
    """What the published version knows of a user and an item: how often bought (0: only looked at), when first and
    last, and how much that counts."""

    item_id: str
    times_bought: Count
    first: str
    last: str
    strength: float


@with_config(_CLOSED)
class HeldHistoryBody(TypedDict):
    """What the published version holds of a user."""

    model_version: str
    items: list[HeldItemBody]


@with_config(_CLOSED)
class UserDataBody(TypedDict):
    """All that is held of a user; `personalized` is null where they never chose."""

    request_id: str
    user_id: str
    events: list[HeldEventBody]
    personalized: bool | None
    erased_at: str | None
    trained: HeldHistoryBody | None


def utc_text(seconds: float) -> str:
    """Unix seconds as ISO 8601, in UTC; what can be no time is shown as it is kept."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, TypeError, OSError):
        return str(seconds)


def item_body(item: LiveItem, request_id: str) -> ItemBody:
    """What is said of an item."""
    fields: Mapping[str, Any] = item._asdict()
    return {"request_id": request_id, **fields}  # type: ignore[typeddict-item]


def user_data_body(user_id: str, held: Held, model: Model | None, request_id: str) -> UserDataBody:
    """All that is held of a user; of a version from before their erasure nothing, since nothing asks it any more."""
    erased = held.erased.time if held.erased else None
    return UserDataBody(
        request_id=request_id,
        user_id=user_id,
        events=[_event_body(event) for event in held.events],
        personalized=held.personalized,
        erased_at=utc_text(erased) if erased is not None else None,
        trained=_history_body(model, user_id, held.erased) if model is not None else None,
    )


def _event_body(event: StoredEvent) -> HeldEventBody:
    return HeldEventBody(
        event_id=event.event_id,
        type=event.type,
        item_id=event.item_id,
        time=utc_text(event.time),
        quantity=event.quantity,
        price=event.price,
        request_id=event.request_id,
        received_at=utc_text(event.received),
    )


def _history_body(model: Model, user_id: str, erased: Erasure | None) -> HeldHistoryBody | None:
    user_index = model.user_ids.find(user_id)
    if user_index == UNKNOWN or (erased is not None and erased.seq > model.live_seq):
        return None
    history = model.history.of(user_index)
    items = [
        HeldItemBody(
            item_id=model.item_ids[int(history.items[entry])],
            times_bought=int(history.times_bought[entry]),
            first=utc_text(int(history.first[entry])),
            last=utc_text(int(history.last[entry])),
            strength=float(history.strength[entry]),
        )
        for entry in range(len(history.items))
    ]
    return HeldHistoryBody(model_version=model.version, items=items)

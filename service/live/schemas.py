"""What the requests that write to the live store, or tell what it holds, may hold."""

import re
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from artifacts.live.activity import EventType
from artifacts.live.events import Event
from artifacts.live.items import ITEM_FIELDS, ItemUpdate
from artifacts.shared_limits import MAX_QUANTITY
from service.http.fields import WITHOUT_NUL, Category, Id, Request, StoredPrice
from service.limits import (
    MAX_ADDRESS_CHARACTERS,
    MAX_EVENTS,
    MAX_LONG_JSON_PARTS,
    MAX_REQUEST_ID_CHARACTERS,
    MAX_TITLE_CHARACTERS,
)

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def _text_of_a_time(value: Any) -> Any:
    """Only text is a time: a bare number would be taken for Unix seconds or milliseconds, by its size."""
    if not isinstance(value, str) or not _DATE_TIME.match(value):
        raise ValueError('should be a date and time with its offset from UTC, as in "2026-01-31T12:00:00Z"')
    return value


Time = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_text_of_a_time)]
RequestId = Annotated[str, Field(min_length=1, max_length=MAX_REQUEST_ID_CHARACTERS, pattern=WITHOUT_NUL)]
Title = Annotated[str, Field(max_length=MAX_TITLE_CHARACTERS, pattern=WITHOUT_NUL)]
Address = Annotated[str, Field(max_length=MAX_ADDRESS_CHARACTERS, pattern=WITHOUT_NUL)]


class EventBody(Request):
    """What a user or a visitor did with an item: `user_id` and `session_id` are one or the other."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["user_id"], "properties": {"user_id": {"type": "string"}}},
                {"required": ["session_id"], "properties": {"session_id": {"type": "string"}}},
            ]
        }
    )

    event_id: Annotated[Id, Field(description="The shop's own; an event that comes again counts once.")]
    type: Annotated[
        EventType, Field(strict=False), WithJsonSchema({"title": "Type", "type": "string", "enum": [*EventType]})
    ]
    user_id: Id | None = None
    session_id: Annotated[Id | None, Field(validate_default=True, description="Of a visitor who is no user.")] = None
    item_id: Id
    time: Time
    quantity: Annotated[float, Field(gt=0, le=MAX_QUANTITY, allow_inf_nan=False)] | None = None
    price: Annotated[StoredPrice | None, Field(description="Of one piece, in the shop's currency.")] = None
    request_id: Annotated[RequestId | None, Field(description="The answer that showed the item.")] = None

    @field_validator("session_id")
    @classmethod
    def _one_of_the_two(cls, session_id: str | None, info: ValidationInfo) -> str | None:
        if "user_id" in info.data and (session_id is None) == (info.data["user_id"] is None):
            raise ValueError("either user_id or session_id is needed, not both")
        return session_id

    def event(self) -> Event:
        """The event as it is stored."""
        return Event(
            self.event_id,
            self.type.value,
            self.user_id,
            self.session_id,
            self.item_id,
            self.time.timestamp(),
            self.quantity,
            self.price,
            self.request_id,
        )


class Events(Request):
    """Events, each taken or refused for itself."""

    max_parts = MAX_LONG_JSON_PARTS

    events: Annotated[list[SkipValidation[EventBody]], Field(min_length=1, max_length=MAX_EVENTS)]


class ItemFields(Request):
    """What is said of an item; what is left out stays as it is, and null goes back to what the trained model knows."""

    available: bool | None = None
    price: StoredPrice | None = None
    title: Title | None = None
    category: Category | None = None
    image_url: Address | None = None
    product_url: Address | None = None

    def update_of(self, item_id: str) -> ItemUpdate:
        """The change to an item."""
        return ItemUpdate(item_id, {name: getattr(self, name) for name in ITEM_FIELDS if name in self.model_fields_set})

    @model_validator(mode="after")
    def _something(self) -> "ItemFields":
        if not self.model_fields_set & set(ITEM_FIELDS):
            raise ValueError(f"one of {', '.join(ITEM_FIELDS)} is needed")
        return self


class ItemChange(ItemFields):
    """A change to one item."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    item_id: Id


class ItemLine(ItemFields):
    """One line: a change to one item."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 2})

    item_id: Id


class User(Request):
    """A user."""

    user_id: Id


class Preferences(Request):
    """What a user wants: with `personalized` false, answers that read nothing about them."""

    user_id: Id
    personalized: bool

"""What happened since the version was trained, as the live store holds it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class EventType(StrEnum):
    """What was done with an item."""

    VIEW = "view"
    CART = "cart"
    PURCHASE = "purchase"
    RETURN = "return"
    IMPRESSION = "impression"
    CLICK = "click"


class Erasure(NamedTuple):
    """When a user was erased, in Unix seconds, and the number of that change."""

    time: float
    seq: int


class LiveEvent(NamedTuple):
    """An event of a user or a session; `time` in Unix seconds, `type` one of EventType's."""

    seq: int
    type: str
    item_id: str
    time: float
    quantity: float | None


@dataclass(frozen=True, slots=True)
class UserActivity:
    """What a user, a session, or a user in a session did.

    `orders` are purchases and returns, `looks` views, clicks and carts: newest first, a user's above the number asked
    for, and none of a user who is not `personalized`. `erased` is the user's last erasure: the events are all of later.
    """

    orders: tuple[LiveEvent, ...] = ()
    looks: tuple[LiveEvent, ...] = ()
    erased: Erasure | None = None
    personalized: bool = True


NO_ACTIVITY = UserActivity()

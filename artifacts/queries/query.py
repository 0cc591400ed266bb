"""What can be asked of an opened version, and why an item was picked: plain frozen values, no arrays, no HTTP."""

from dataclasses import dataclass, field
from enum import StrEnum

from artifacts.live.activity import NO_ACTIVITY, UserActivity

DEFAULT_LIMIT = 10


class Repeat(StrEnum):
    """What to do with items the user already bought."""

    EXCLUDE = "exclude"
    ALLOW = "allow"
    ONLY = "only"


class Source(StrEnum):
    """Where a pick came from."""

    ALS = "als"
    HISTORY = "history"
    CO_PURCHASE = "co_purchase"
    CO_VIEW = "co_view"
    SIMILAR = "similar"
    POPULAR = "popular"
    NEW = "new"


class Fallback(StrEnum):
    """Why an answer is not what was asked for."""

    UNKNOWN_USER = "unknown_user"
    UNKNOWN_ITEMS = "unknown_items"
    NO_VIEWS = "no_views"
    NOT_PERSONALIZED = "not_personalized"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which items may be answered. Prices are in the shop's currency, bounds inclusive; categories are OR-ed."""

    categories: tuple[str, ...] = ()
    min_price: float | None = None
    max_price: float | None = None
    in_stock: bool = True


@dataclass(frozen=True, slots=True)
class Query:
    """A question about a user, a session or a basket.

    `user_id`, `session_id` and `recent_items` describe whom the answer is for; `items` is a basket (cross-sell), the
    one item that is looked at (similar, viewed together) or the caller's own list (rank). `personalized=False` reads
    nothing about the user; `activity` is what the live store knows of whom the answer is for. `explore` is the share of
    an answer to a user that is kept for items that came after training, 0 to 1. `offset` is how many of the best items
    are left out, as those of the pages before (popular, similar).
    """

    user_id: str | None = None
    session_id: str | None = None
    recent_items: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    limit: int = DEFAULT_LIMIT
    exclude: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    repeat: Repeat = Repeat.EXCLUDE
    explain: bool = False
    personalized: bool = True
    activity: UserActivity = NO_ACTIVITY
    explore: float = 0.0
    offset: int = 0

    @property
    def reach(self) -> int:
        """How many of the best items have to be known for `limit` of them behind `offset`."""
        return self.offset + self.limit


@dataclass(frozen=True, slots=True)
class Cause:
    """An item of the user's history, session or basket that drove a pick, and how much it gave of the blend's score."""

    item_id: str
    contribution: float
    title: str | None = None


@dataclass(frozen=True, slots=True)
class CoOccurrence:
    """How often an item is bought, or viewed, together with a pick.

    `support` counts baskets, or visits, that hold both, `confidence` is the share of the item's that hold the pick too,
    `lift` how many times that is above chance.
    """

    item_id: str
    support: int
    confidence: float
    lift: float
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item was picked, as data: at most a handful of causes, strongest first."""

    because_of: tuple[Cause, ...] = ()
    bought_together: tuple[CoOccurrence, ...] = ()
    viewed_together: tuple[CoOccurrence, ...] = ()
    times_bought: int | None = None
    days_since_last: float | None = None
    sold_recently: float | None = None

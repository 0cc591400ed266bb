"""The bodies that say what the catalogue holds, and what a user did last."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from artifacts.model.categories import paths_of
from artifacts.queries.catalogue import CatalogueItem
from artifacts.queries.query import Fallback
from artifacts.queries.recent import RecentItem
from service.live.answers import utc_text
from service.recommendations.answers import WarningBody

_CLOSED = ConfigDict(extra="forbid")


@with_config(_CLOSED)
class CatalogueItemBody(TypedDict):
    """An item as the catalogue has it by now; what the shop did not give is left out. `category_paths` are the
    categories of `category`, each as its levels, the widest first."""

    item_id: str
    available: bool
    title: NotRequired[str]
    category: NotRequired[str]
    category_paths: NotRequired[list[list[str]]]
    price: NotRequired[float]
    image_url: NotRequired[str]
    product_url: NotRequired[str]


@with_config(_CLOSED)
class ItemAnswerBody(TypedDict):
    """One item of the catalogue."""

    request_id: str
    model_version: str
    item: CatalogueItemBody
    degraded: NotRequired[list[Literal["live"]]]


@with_config(_CLOSED)
class ItemPageBody(TypedDict):
    """Items in the order of their ids; `next_after` is what to ask the next page with, null on the last."""

    request_id: str
    model_version: str
    items: list[CatalogueItemBody]
    next_after: str | None
    degraded: NotRequired[list[Literal["live"]]]
    warnings: NotRequired[list[WarningBody]]


@with_config(_CLOSED)
class RecentItemBody(CatalogueItemBody):
    """An item, and when the user last looked at it or bought it; `times_bought` is 0 where they only looked."""

    last: str
    times_bought: Annotated[int, Field(ge=0)]


@with_config(_CLOSED)
class RecentBody(TypedDict):
    """What a user last looked at and last bought, newest first; ids of these that the catalogue does not have; why
    there is nothing, if so."""

    request_id: str
    model_version: str
    user_id: str
    viewed: list[RecentItemBody]
    bought: list[RecentItemBody]
    missing_ids: list[str]
    fallback: Fallback | None
    degraded: NotRequired[list[Literal["live"]]]


def catalogue_item_body(item: CatalogueItem) -> CatalogueItemBody:
    """What the catalogue says of an item."""
    shown: Mapping[str, Any] = item.shown
    body: CatalogueItemBody = {"item_id": item.item_id, "available": item.available, **shown}  # type: ignore[typeddict-item]
    if "category" in body:
        body["category_paths"] = paths_of(body["category"])
    return body


def recent_item_bodies(items: Iterable[RecentItem]) -> list[RecentItemBody]:
    """What a user did last with each item."""
    return [
        RecentItemBody(**catalogue_item_body(one.item), last=utc_text(one.last), times_bought=one.times_bought)
        for one in items
    ]

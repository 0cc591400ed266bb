"""What does the catalogue say of an item, and which items are in it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np

from artifacts.model.ids import UNKNOWN
from artifacts.model.model import Model
from artifacts.model.unseen import UnseenItem
from artifacts.queries.eligibility import eligible_items, is_eligible
from artifacts.queries.query import Filters


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """An item with what the shop says of it by now: `shown` is what an answer shows, by name."""

    item_id: str
    available: bool
    shown: Mapping[str, str | float]


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """Some items in the order of their ids' UTF-8 bytes, and whether more follow."""

    items: tuple[CatalogueItem, ...]
    more: bool


def find_item(model: Model, item_id: str) -> CatalogueItem | None:
    """An item, be it from before training or after; None where the catalogue has none of that id."""
    index = model.item_ids.find(item_id)
    if index != UNKNOWN:
        return _trained(model, index)
    unseen = model.unseen_by_id.get(item_id)
    return None if unseen is None else _unseen(unseen)


def list_items(model: Model, filters: Filters, after: str | None, limit: int) -> CataloguePage:
    """The first `limit` items within the filters whose ids stand behind `after`, or from the first one on.

    Whatever comes, goes or changes between two pages, no other item is left out or comes twice for it.
    """
    start = 0 if after is None else model.item_ids.after(after)
    indexes = start + np.flatnonzero(eligible_items(model, filters)[start:])[: limit + 1]
    lowest = b"" if after is None else _order(after)
    since = (item for item in model.unseen if is_eligible(item, filters) and _order(item.item_id) > lowest)
    found = [_trained(model, index) for index in indexes.tolist()]
    found += [_unseen(item) for item in nsmallest(limit + 1, since, key=lambda item: _order(item.item_id))]
    found.sort(key=lambda item: _order(item.item_id))
    return CataloguePage(tuple(found[:limit]), len(found) > limit)


def _order(item_id: str) -> bytes:
    return item_id.encode("utf-8", "surrogatepass")


def _trained(model: Model, index: int) -> CatalogueItem:
    return CatalogueItem(model.item_ids[index], bool(model.catalogue.available[index]), model.catalogue.describe(index))


def _unseen(item: UnseenItem) -> CatalogueItem:
    return CatalogueItem(item.item_id, item.available, item.shown)

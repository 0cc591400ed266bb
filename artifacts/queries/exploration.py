"""A share of an answer for items that came after training: what is never shown is never bought."""

import hashlib
import math
from collections import Counter

from artifacts.live.activity import EventType
from artifacts.model.catalogue import NO_CATEGORY
from artifacts.model.categories import names_of
from artifacts.model.model import Model
from artifacts.model.unseen import UnseenItem
from artifacts.queries.answer import ScoredItems
from artifacts.queries.query import Query, Repeat
from artifacts.queries.user_history import in_turn


def explore(model: Model, query: Query, scored: ScoredItems) -> tuple[UnseenItem, ...]:
    """The unseen items for `query.explore` of the answer's places: those of the categories that its picks are of most
    often, and among these what is in most demand. They pass the filters that all items pass."""
    if not query.explore or not model.unseen or query.repeat is Repeat.ONLY:
        return ()
    known = Counter(code for code in model.catalogue.category[scored.items].tolist() if code != NO_CATEGORY)
    liked = {model.catalogue.categories[code]: count for code, count in known.items()}
    hidden = {*query.exclude, *query.recent_items, *_bought(query)}
    eligible = [item for item in model.unseen if item.item_id not in hidden and _within(item, query)]
    eligible.sort(key=lambda item: -liked.get(item.category or "", 0))
    return tuple(eligible[: places(query)])


def places(query: Query) -> int:
    """How many of the answer's places the share is: of what is left of a place, that share of
    all users or sessions gets one, always the same ones."""
    whose = query.user_id or query.session_id or ""
    digest = hashlib.blake2b(whose.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return min(query.limit, math.floor(query.explore * query.limit + int.from_bytes(digest) / 2**64))


def _bought(query: Query) -> set[str]:
    """What was bought since training and not returned."""
    if query.repeat is Repeat.ALLOW:
        return set()
    units: dict[str, float] = {}
    for event in sorted(query.activity.orders, key=in_turn):
        more = (event.quantity or 1.0) * (1 if event.type == EventType.PURCHASE else -1)
        units[event.item_id] = max(0.0, units.get(event.item_id, 0.0) + more)
    return {item_id for item_id, left in units.items() if left}


def _within(item: UnseenItem, query: Query) -> bool:
    filters = query.filters
    return (
        (item.available or not filters.in_stock)
        and (not filters.categories or not names_of(item.category or "").isdisjoint(filters.categories))
        and (filters.min_price is None or (item.price is not None and item.price >= filters.min_price))
        and (filters.max_price is None or (item.price is not None and item.price <= filters.max_price))
    )

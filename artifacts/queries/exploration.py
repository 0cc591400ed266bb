"""A share of an answer for items that came after training: what is never shown is never bought."""

import hashlib
import math
from collections import Counter

from artifacts.model.catalogue import NO_CATEGORY
from artifacts.model.model import Model
from artifacts.model.unseen import UnseenItem
from artifacts.queries.answer import ScoredItems
from artifacts.queries.eligibility import is_eligible
from artifacts.queries.query import Query, Repeat
from artifacts.queries.user_history import purchases_since_training


def explore(model: Model, query: Query, scored: ScoredItems) -> tuple[UnseenItem, ...]:
    """The unseen items for `query.explore` of the answer's places: those of the categories that its picks are of most
    often, and among these what is in most demand. They pass the filters that all items pass."""
    if not query.explore or not model.unseen or query.repeat is Repeat.ONLY:
        return ()
    known = Counter(code for code in model.catalogue.category[scored.items].tolist() if code != NO_CATEGORY)
    liked = {model.catalogue.categories[code]: count for code, count in known.items()}
    hidden = {*query.exclude, *query.recent_items, *_bought(query)}
    eligible = [item for item in model.unseen if item.item_id not in hidden and is_eligible(item, query.filters)]
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
    return set() if query.repeat is Repeat.ALLOW else set(purchases_since_training(query.activity))

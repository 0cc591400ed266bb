"""What did this user look at and buy last?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.model.ids import UNKNOWN
from artifacts.model.model import Model, UserInteractions
from artifacts.queries.catalogue import CatalogueItem, find_item
from artifacts.queries.query import Fallback, Query
from artifacts.queries.user_history import purchases_since_training, updated_history
from artifacts.queries.user_state import NO_INTERACTIONS, trained_interactions


@dataclass(frozen=True, slots=True)
class RecentItem:
    """An item, when the user last looked at it or bought it (Unix seconds), and at how many moments they bought it, 0
    where they only looked."""

    item: CatalogueItem
    last: float
    times_bought: int


@dataclass(frozen=True, slots=True)
class Recent:
    """What a user last looked at and last bought, newest first; ids of these that the catalogue does not have; why
    there is nothing, where the user is not known or wants nothing read."""

    viewed: tuple[RecentItem, ...]
    bought: tuple[RecentItem, ...]
    missing_ids: tuple[str, ...]
    fallback: Fallback | None


_LastByItem = dict[str, tuple[float, int]]  # item_id -> when last, times bought


def recent(model: Model, query: Query) -> Recent:
    """The last `query.limit` items of each kind, of `query.user_id`, from the trained history and what came since.

    Looks are views, clicks and carts. Of what was bought before training the version does not know the looks.
    """
    if not query.personalized:
        return Recent((), (), (), Fallback.NOT_PERSONALIZED)
    trained = trained_interactions(model, query)
    history = updated_history(model, trained or NO_INTERACTIONS, query.activity)
    viewed, unknown_viewed = _newest(model, _looks(model, history, query), query.limit)
    bought, unknown_bought = _newest(model, _purchases(model, history, query), query.limit)
    known = trained is not None or query.activity.looks or query.activity.orders
    missing = tuple(dict.fromkeys(unknown_viewed + unknown_bought))
    return Recent(viewed, bought, missing, None if known else Fallback.UNKNOWN_USER)


def _looks(model: Model, history: UserInteractions, query: Query) -> _LastByItem:
    looks = _entries(model, history, history.times_bought == 0, query.limit)
    for event in query.activity.looks:
        before = looks.get(event.item_id, (event.time, 0))[0]
        looks[event.item_id] = (max(event.time, before), 0)
    return looks


def _purchases(model: Model, history: UserInteractions, query: Query) -> _LastByItem:
    purchases = _entries(model, history, history.times_bought > 0, query.limit)
    for item_id, moments in purchases_since_training(query.activity).items():
        if model.item_ids.find(item_id) == UNKNOWN:
            purchases[item_id] = (max(moments), len(moments))
    return purchases


def _entries(model: Model, history: UserInteractions, which: npt.NDArray[np.bool_], limit: int) -> _LastByItem:
    """The newest of some entries (n_entries,) of a history, of equally new ones those whose ids come first."""
    chosen = np.flatnonzero(which)
    newest = chosen[np.lexsort((history.items[chosen], -history.last[chosen]))][:limit]
    columns = (column[newest].tolist() for column in (history.items, history.last, history.times_bought))
    return {model.item_ids[index]: (last, times) for index, last, times in zip(*columns, strict=True)}


def _newest(model: Model, interactions: _LastByItem, limit: int) -> tuple[tuple[RecentItem, ...], tuple[str, ...]]:
    """The newest items, and the ids before the last of them that the catalogue does not have."""
    found: list[RecentItem] = []
    missing: list[str] = []
    for item_id, (last, times) in sorted(interactions.items(), key=lambda entry: (-entry[1][0], entry[0])):
        if len(found) == limit:
            break
        item = find_item(model, item_id)
        if item is None:
            missing.append(item_id)
        else:
            found.append(RecentItem(item, last, times))
    return tuple(found), tuple(missing)

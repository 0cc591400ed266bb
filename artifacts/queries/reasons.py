"""Why an item was picked, as data that a storefront can put into words."""

import numpy as np
import numpy.typing as npt

from artifacts.model.decay import SECONDS_PER_DAY
from artifacts.model.model import Model, UserInteractions
from artifacts.queries.answer import ScoredItems
from artifacts.queries.foldin import contributions
from artifacts.queries.query import Cause, CoPurchase, Reason, Source
from artifacts.queries.user_state import UserState

MAX_CAUSES = 3


def user_reasons(model: Model, user_state: UserState, scored: ScoredItems) -> list[Reason]:
    """A reason for each scored item: what of the user's history and session drove it, and what sells."""
    causes = causes_of(model, user_state, scored.items)
    return [
        _user_reason(model, item, source, because, _habit(model, user_state.history, item))
        for item, source, because in zip(scored.items.tolist(), scored.sources, causes, strict=True)
    ]


def _user_reason(
    model: Model, item: int, source: Source, because: tuple[Cause, ...], habit: tuple[int, float] | None
) -> Reason:
    sold = round(float(model.popularity.recent[item]), 2)
    if source is Source.POPULAR:
        return Reason(sold_recently=sold)
    if source is Source.HISTORY and habit is not None:
        bought, days = habit
        return Reason(because, times_bought=bought, days_since_last=days, sold_recently=sold)
    return Reason(because, sold_recently=sold)


def _habit(model: Model, history: UserInteractions, item: int) -> tuple[int, float] | None:
    """How often the user bought an item, and how many days ago last."""
    (entries,) = (history.items == item).nonzero()
    if len(entries) == 0:
        return None
    days = max(0, model.recipe.until - int(history.last[entries[0]])) / SECONDS_PER_DAY
    return int(history.times_bought[entries[0]]), round(days, 2)


def causes_of(model: Model, user_state: UserState, targets: npt.NDArray[np.int64]) -> list[tuple[Cause, ...]]:
    """For each target the interactions that raise its score most, strongest first."""
    if user_state.vector is None or len(targets) == 0:
        return [()] * len(targets)
    weights = model.recipe.weights
    directions = weights.als * model.item_factors[targets]
    length = np.linalg.norm(user_state.vector.astype(np.float64))
    directions += weights.newcomers / length * model.newcomer_vectors[targets]
    added = contributions(model, user_state.items, user_state.strength, directions)
    return [_strongest(model, user_state.items, row) for row in added]


def _strongest(model: Model, items: npt.NDArray[np.int32], added: npt.NDArray[np.float32]) -> tuple[Cause, ...]:
    order = np.argsort(-added, kind="stable")[:MAX_CAUSES]
    strongest = [(int(items[entry]), float(added[entry])) for entry in order.tolist() if added[entry] > 0]
    return tuple(Cause(model.item_ids[item], much, model.catalogue.titles[item] or None) for item, much in strongest)


def basket_causes(model: Model, basket: npt.NDArray[np.int32], item: int) -> tuple[Cause, ...]:
    """What each item of the basket adds to the pick's score, strongest first."""
    table = model.neighbour_table(basket)
    added = np.zeros(len(basket), np.float32)
    for place, index in enumerate(basket.tolist()):
        row = table.row(index)
        added[place] = table.score[row][table.items[row] == item].sum()
    return _strongest(model, basket, added)


def bought_together(model: Model, basket: npt.NDArray[np.int32], item: int) -> tuple[CoPurchase, ...]:
    """How often the item is bought with each item of the basket, most lift first."""
    pairs = [pair for index in basket.tolist() if (pair := _pair(model, index, item)) is not None]
    return tuple(sorted(pairs, key=lambda pair: -pair.lift)[:MAX_CAUSES])


def _pair(model: Model, item: int, other: int) -> CoPurchase | None:
    row = model.co_purchases.row(item)
    entries = np.flatnonzero(model.co_purchases.items[row] == other)
    if len(entries) == 0:
        return None
    entry = row.start + int(entries[0])
    return CoPurchase(
        item_id=model.item_ids[item],
        support=int(model.co_purchases.support[entry]),
        confidence=float(model.co_purchases.confidence[entry]),
        lift=float(model.co_purchases.lift[entry]),
        title=model.catalogue.titles[item] or None,
    )

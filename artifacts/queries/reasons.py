"""Why an item was picked, as data that a storefront can put into words."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from artifacts.model.half_lives import SECONDS_PER_DAY
from artifacts.model.model import CoOccurrences, Model, UserInteractions
from artifacts.queries.answer import ScoredItems
from artifacts.queries.foldin import contributions
from artifacts.queries.neighbours import neighbours_by_item
from artifacts.queries.query import Cause, CoOccurrence, Reason, Source
from artifacts.queries.scoring import Scores, blend_scores, frequency_of, query_vector_of
from artifacts.queries.user_state import UserState

MAX_CAUSES = 3
# Of a pick's score: what gives less did not drive it, and a shopper would see no connection.
MIN_SHARE = 0.1


def user_reasons(model: Model, user_state: UserState, scored: ScoredItems) -> list[Reason]:
    """A reason for each scored item: what of the user's history and session drove it, how often the user bought it
    before, and what sells."""
    causes = causes_of(model, user_state, scored)
    return [
        _user_reason(model, item, because, _habit(model, user_state.history, item))
        for item, because in zip(scored.items.tolist(), causes, strict=True)
    ]


def _user_reason(model: Model, item: int, because: tuple[Cause, ...], habit: tuple[int, float] | None) -> Reason:
    sold = round(float(model.popularity.recent[item]), 2)
    if habit is None:
        return Reason(because, sold_recently=sold)
    others = tuple(cause for cause in because if cause.item_id != model.item_ids[item])  # the habit is that cause
    return Reason(others, times_bought=habit[0], days_since_last=habit[1], sold_recently=sold)


def _habit(model: Model, history: UserInteractions, item: int) -> tuple[int, float] | None:
    """How often the user bought an item, and how many days ago last; None where never."""
    (entries,) = ((history.items == item) & (history.times_bought > 0)).nonzero()
    if len(entries) == 0:
        return None
    days = max(0, model.recipe.until - int(history.last[entries[0]])) / SECONDS_PER_DAY
    return int(history.times_bought[entries[0]]), round(days, 2)


def causes_of(model: Model, user_state: UserState, scored: ScoredItems) -> list[tuple[Cause, ...]]:
    """For each scored item the interactions that gave MIN_SHARE of its score or more, strongest first.

    The score is the blend's, also where the ranker ordered, with the neighbour scores where they are the source.
    """
    if user_state.vector is None or len(scored) == 0:
        return [()] * len(scored)
    query_vector = query_vector_of(model.recipe.weights, user_state.vector)
    scores = blend_scores(model, query_vector, scored.items, frequency_of(user_state, scored.items))
    length = float(np.linalg.norm(user_state.vector.astype(np.float64)))
    added = _added_to_tastes(model, user_state, length, scored.items)
    for place, (item, source) in enumerate(zip(scored.items.tolist(), scored.sources, strict=True)):
        if source is Source.CO_PURCHASE:
            by_item = _added_as_neighbours(model, user_state, item)
            added[place] += by_item
            scores[place] += by_item.sum()
    return [_strongest(model, user_state.items, row, score) for row, score in zip(added, scores.tolist(), strict=True)]


def _added_to_tastes(model: Model, user_state: UserState, length: float, targets: npt.NDArray[np.int64]) -> Scores:
    """(n, m) float32: what each of the user's items (m,) adds to the tastes' part of each target's score, the user's
    vector being so long."""
    weights = model.recipe.weights
    directions = weights.als * model.item_factors[targets]
    directions += weights.newcomers / length * model.newcomer_vectors[targets]
    return contributions(model, user_state.items, user_state.strength, directions)


def _added_as_neighbours(model: Model, user_state: UserState, item: int) -> Scores:
    """(m,) float32: what each of the user's items (m,) adds to an item's neighbour score."""
    basket = user_state.neighbour_basket(ranked=len(model.forest) > 0 and user_state.known)
    added = np.zeros(len(user_state.items), np.float32)
    added[basket.places] = neighbours_by_item(model, user_state.items[basket.places], item) * basket.strength
    return added


def _strongest(
    model: Model, items: npt.NDArray[np.int32], added: npt.NDArray[np.float32], score: float
) -> tuple[Cause, ...]:
    order = np.argsort(-added, kind="stable")[:MAX_CAUSES]
    floor = max(MIN_SHARE * score, 0.0)
    strongest = [(int(items[entry]), float(added[entry])) for entry in order.tolist()]
    return tuple(
        Cause(model.item_ids[item], much, model.catalogue.titles[item] or None)
        for item, much in strongest
        if much > 0 and much >= floor
    )


def basket_reasons(
    model: Model, basket: npt.NDArray[np.int32], user_state: UserState, scored: ScoredItems
) -> list[Reason]:
    """A reason for each item that goes with a basket (m,): the basket's items it is bought with, or, where none is,
    what of the basket and the user's history drove it; and what sells."""
    causes = causes_of(model, user_state, scored)
    return [_basket_reason(model, basket, scored, place, because) for place, because in enumerate(causes)]


def _basket_reason(
    model: Model, basket: npt.NDArray[np.int32], scored: ScoredItems, place: int, because: tuple[Cause, ...]
) -> Reason:
    item, source = int(scored.items[place]), scored.sources[place]
    sold = Reason(sold_recently=round(float(model.popularity.recent[item]), 2))
    if source is Source.POPULAR:
        return sold
    if source is not Source.CO_PURCHASE:
        return replace(sold, because_of=because)
    added = neighbours_by_item(model, basket, item)
    drove = _strongest(model, basket, added, float(scored.scores[place]))
    return replace(sold, because_of=drove, bought_together=bought_together(model, basket, item))


def bought_together(model: Model, basket: npt.NDArray[np.int32], item: int) -> tuple[CoOccurrence, ...]:
    """How often the item is bought with each item of the basket, most lift first."""
    pairs = [pair for index in basket.tolist() if (pair := _pair(model, model.co_purchases, index, item)) is not None]
    return tuple(sorted(pairs, key=lambda pair: -pair.lift)[:MAX_CAUSES])


def view_reasons(model: Model, viewed: npt.NDArray[np.int32], scored: ScoredItems) -> list[Reason]:
    """A reason for each item in an answer to who looks at an item, `viewed` (none or one): how often the two are viewed
    together, where they are; and what sells."""
    reasons = []
    for item in scored.items.tolist():
        pairs = [_pair(model, model.co_views, index, item) for index in viewed.tolist() if model.co_views is not None]
        sold = round(float(model.popularity.recent[item]), 2)
        reasons.append(Reason(viewed_together=tuple(pair for pair in pairs if pair), sold_recently=sold))
    return reasons


def _pair(model: Model, table: CoOccurrences, item: int, other: int) -> CoOccurrence | None:
    row = table.row(item)
    entries = np.flatnonzero(table.items[row] == other)
    if len(entries) == 0:
        return None
    entry = row.start + int(entries[0])
    return CoOccurrence(
        item_id=model.item_ids[item],
        support=int(table.support[entry]),
        confidence=float(table.confidence[entry]),
        lift=float(table.lift[entry]),
        title=model.catalogue.titles[item] or None,
    )

"""Why an item was picked, as data that a storefront can put into words."""

import numpy as np
import numpy.typing as npt

from artifacts.model.model import Dealings, Model
from artifacts.queries.answer import Scored
from artifacts.queries.foldin import contributions
from artifacts.queries.query import Cause, CoPurchase, Reason, Source
from artifacts.queries.scoring import SECONDS_PER_DAY
from artifacts.queries.user_state import Person

MAX_CAUSES = 3


def user_reasons(model: Model, person: Person, scored: Scored) -> list[Reason]:
    """A reason for each scored item: what of the user's history and session drove it, and what sells."""
    causes = causes_of(model, person, scored.items)
    return [
        _user_reason(model, item, source, because, _habit(model, person.history, item))
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


def _habit(model: Model, history: Dealings, item: int) -> tuple[int, float] | None:
    """How often the user bought an item, and how many days ago last."""
    (entries,) = (history.items == item).nonzero()
    if len(entries) == 0:
        return None
    days = max(0, model.recipe.until - int(history.last[entries[0]])) / SECONDS_PER_DAY
    return int(history.times_bought[entries[0]]), round(days, 2)


def causes_of(model: Model, person: Person, targets: npt.NDArray[np.int64]) -> list[tuple[Cause, ...]]:
    """For each target the interactions that raise its score most, strongest first."""
    if person.vector is None or len(targets) == 0:
        return [()] * len(targets)
    weights = model.recipe.weights
    directions = weights.als * model.item_factors[targets]
    length = np.linalg.norm(person.vector.astype(np.float64))
    directions += weights.newcomers / length * model.newcomer_vectors[targets]
    added = contributions(model, person.items, person.strength, directions)
    return [_strongest(model, person.items, row) for row in added]


def _strongest(model: Model, items: npt.NDArray[np.int32], added: npt.NDArray[np.float32]) -> tuple[Cause, ...]:
    order = np.argsort(-added, kind="stable")[:MAX_CAUSES]
    strongest = [(int(items[entry]), float(added[entry])) for entry in order.tolist() if added[entry] > 0]
    return tuple(Cause(model.item_ids[item], much, model.catalogue.titles[item] or None) for item, much in strongest)


def company_causes(model: Model, basket: npt.NDArray[np.int32], item: int) -> tuple[Cause, ...]:
    """What each item of the basket adds to the pick's score, strongest first."""
    table = model.spoken_by(basket)
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
    row = model.neighbours.row(item)
    entries = np.flatnonzero(model.neighbours.items[row] == other)
    if len(entries) == 0:
        return None
    entry = row.start + int(entries[0])
    return CoPurchase(
        item_id=model.item_ids[item],
        support=int(model.neighbours.support[entry]),
        confidence=float(model.neighbours.confidence[entry]),
        lift=float(model.neighbours.lift[entry]),
        title=model.catalogue.titles[item] or None,
    )

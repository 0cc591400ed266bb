"""What goes with this basket?"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from artifacts.model.model import Model
from artifacts.queries.answer import Answer, ScoredItems, chain, from_source, refill
from artifacts.queries.eligibility import Mask, eligible_items, only, without
from artifacts.queries.fallback import basket_fallback
from artifacts.queries.neighbours import add_up_neighbours
from artifacts.queries.query import Query, Reason, Repeat, Source
from artifacts.queries.reasons import basket_causes, bought_together, causes_of
from artifacts.queries.scoring import query_vectors
from artifacts.queries.user_state import UserState, read_user_state, resolve

Items = npt.NDArray[np.int32]


def cross_sell(model: Model, query: Query) -> Answer:
    """Picks that go with `query.items`, a basket of one item or more, and never an item of the basket itself.

    Co-purchases first, then what the basket's fold-in (with `query.user_id`, the user's history too) likes, then
    what sells now. A user's bought items are left out, allowed or asked for as `query.repeat` says.
    """
    basket, unknown = resolve(model, query.items)
    excluded, unknown_excluded = resolve(model, query.exclude)
    user_state = read_user_state(model, query, basket)
    eligible = without(eligible_items(model, query.filters, excluded), basket)
    if query.repeat is Repeat.EXCLUDE:
        eligible = without(eligible, user_state.bought)
    elif query.repeat is Repeat.ONLY and query.user_id is not None:
        eligible = only(eligible, user_state.bought)
    scored = complete(model, basket, user_state, eligible, query.limit)
    reasons = (
        [_reason(model, basket, user_state, scored, rank) for rank in range(len(scored))] if query.explain else None
    )
    missing = tuple(dict.fromkeys(unknown + unknown_excluded))
    return Answer(model, scored, reasons, missing, basket_fallback(basket))


def complete(model: Model, basket: Items, user_state: UserState, eligible: Mask, limit: int) -> ScoredItems:
    """The best `limit` eligible items for the basket."""
    scored = from_source(add_up_neighbours(model, basket).best(eligible, limit), Source.CO_PURCHASE)
    if len(scored) < limit and user_state.vector is not None:
        rest = without(eligible, scored.items.astype(np.int32))
        hits = model.index.search(query_vectors(model.recipe.weights, user_state.vector), rest, limit - len(scored))
        scored = chain(scored, from_source(hits, Source.ALS))
    return refill(model, scored, without(eligible, scored.items.astype(np.int32)), limit)


def _reason(model: Model, basket: Items, user_state: UserState, scored: ScoredItems, rank: int) -> Reason:
    item, source = int(scored.items[rank]), scored.sources[rank]
    sold = Reason(sold_recently=round(float(model.popularity.recent[item]), 2))
    if source is Source.CO_PURCHASE:
        return replace(
            sold, because_of=basket_causes(model, basket, item), bought_together=bought_together(model, basket, item)
        )
    if source is Source.ALS:
        causes = causes_of(model, user_state, scored.items[rank : rank + 1])
        return replace(sold, because_of=causes[0])
    return sold

"""What goes with this basket?"""

import numpy as np
import numpy.typing as npt

from artifacts.model.model import Model
from artifacts.queries.answer import Answer, ScoredItems, chain, from_source, refill
from artifacts.queries.eligibility import Mask, eligible_items, only, without
from artifacts.queries.fallback import basket_fallback
from artifacts.queries.neighbours import add_up_neighbours
from artifacts.queries.query import Query, Repeat, Source
from artifacts.queries.reasons import basket_reasons
from artifacts.queries.scoring import query_vector_of
from artifacts.queries.source_labels import with_sources
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
    reasons = basket_reasons(model, basket, user_state, scored) if query.explain else None
    missing = tuple(dict.fromkeys(unknown + unknown_excluded))
    return Answer(model, scored, reasons, missing, basket_fallback(basket))


def complete(model: Model, basket: Items, user_state: UserState, eligible: Mask, limit: int) -> ScoredItems:
    """The best `limit` eligible items for the basket."""
    scored = from_source(add_up_neighbours(model, basket).best(eligible, limit), Source.CO_PURCHASE)
    if len(scored) < limit and user_state.vector is not None:
        rest = without(eligible, scored.items.astype(np.int32))
        hits = model.index.search(query_vector_of(model.recipe.weights, user_state.vector), rest, limit - len(scored))
        scored = chain(scored, with_sources(model, *hits))
    return refill(model, scored, without(eligible, scored.items.astype(np.int32)), limit)

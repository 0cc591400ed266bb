"""The caller's own list, in the user's order."""

import numpy as np

from artifacts.model.index import best
from artifacts.model.model import Model
from artifacts.queries.answer import Answer, ScoredItems, from_source
from artifacts.queries.fallback import user_fallback
from artifacts.queries.query import Query, Source
from artifacts.queries.reasons import user_reasons
from artifacts.queries.scoring import blend_scores, frequency_of, habit_scores, query_vector_of
from artifacts.queries.source_labels import with_sources
from artifacts.queries.user_state import NO_ITEMS, UserState, read_user_state, resolve


def rank(model: Model, query: Query) -> Answer:
    """Every known item of `query.items`, best for the user first, each with whether it is available.

    Nothing is left out: the list is the caller's. An unknown user's order is what sells now.
    """
    items, unknown = resolve(model, query.items)
    user_state = read_user_state(model, query, NO_ITEMS)
    scored = _order(model, user_state, items.astype(np.int64))
    reasons = user_reasons(model, user_state, scored) if query.explain else None
    return Answer(model, scored, reasons, unknown, user_fallback(query, user_state), flagged=True)


def _order(model: Model, user_state: UserState, items: np.ndarray[tuple[int], np.dtype[np.int64]]) -> ScoredItems:
    if user_state.vector is None:
        return from_source(best(items, model.popularity.recent[items], len(items)), Source.POPULAR)
    query_vector = query_vector_of(model.recipe.weights, user_state.vector)
    scores = blend_scores(model, query_vector, items, frequency_of(user_state, items))
    items, scores = best(items, scores, len(items))
    return with_sources(model, items, scores, habit_scores(model.recipe.weights, frequency_of(user_state, items)))

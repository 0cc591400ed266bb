"""The caller's own list, in the user's order."""

import numpy as np

from artifacts.model.index import Hits, best
from artifacts.model.model import Model
from artifacts.queries.answer import Answer, ScoredItems, from_source
from artifacts.queries.query import Fallback, Query, Source
from artifacts.queries.reasons import user_reasons
from artifacts.queries.scoring import frequency_scores, query_vector
from artifacts.queries.user_state import NO_ITEMS, UserState, read_user_state, resolve


def rank(model: Model, query: Query) -> Answer:
    """Every known item of `query.items`, best for the user first, each told whether it is available.

    Nothing is left out: the list is the caller's. An unknown user's order is what sells now.
    """
    items, unknown = resolve(model, query.items)
    user_state = read_user_state(model, query, NO_ITEMS)
    scored = _order(model, user_state, items.astype(np.int64))
    reasons = user_reasons(model, user_state, scored) if query.explain else None
    return Answer(model, scored, reasons, unknown, _fallback(query, user_state), flagged=True)


def _order(model: Model, user_state: UserState, items: np.ndarray[tuple[int], np.dtype[np.int64]]) -> ScoredItems:
    if user_state.vector is None:
        return from_source(best(items, model.popularity.recent[items], len(items)), Source.POPULAR)
    scores = model.item_vectors[items] @ query_vector(model, user_state.vector)
    own = np.zeros(len(model.item_ids), np.float32)
    own[user_state.history.items] = frequency_scores(model, user_state)
    hits: Hits = best(items, scores + own[items], len(items))
    bought = set(user_state.bought.tolist())
    sources = tuple(Source.HISTORY if item in bought else Source.ALS for item in hits[0].tolist())
    return ScoredItems(*hits, sources)


def _fallback(query: Query, user_state: UserState) -> Fallback | None:
    if not query.personalized:
        return Fallback.NOT_PERSONALIZED
    return Fallback.UNKNOWN_USER if user_state.vector is None else None

"""What for this user, or this session?"""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from artifacts.model.index import best
from artifacts.model.model import Model
from artifacts.queries.answer import Answer, ScoredItems, chain, from_source, merge, most_popular
from artifacts.queries.candidates import FROM_NEIGHBOURS, find_candidates
from artifacts.queries.eligibility import Mask, eligible_items, without
from artifacts.queries.exploration import explore
from artifacts.queries.fallback import user_fallback
from artifacts.queries.neighbours import add_up_neighbours
from artifacts.queries.query import Query, Repeat, Source
from artifacts.queries.ranker_features import rank_candidates
from artifacts.queries.reasons import user_reasons
from artifacts.queries.scoring import (
    Scores,
    blend_scores,
    buy_again_scores,
    frequency_of,
    habit_scores,
    query_vector_of,
)
from artifacts.queries.source_labels import with_sources
from artifacts.queries.user_state import UserState, read_user_state, resolve, resolve_session

# A session's neighbour scores count as much as the blend. After a whole first basket it makes no difference
# on the validation windows; after a single item, whose vector is short, it is what a shopper would expect.
SESSION_WEIGHT = 1.0


def recommend(model: Model, query: Query) -> Answer:
    """Picks for `query.user_id` and/or `query.recent_items`; popular items where neither shows a taste."""
    session, unknown_recent = resolve_session(model, query.recent_items if query.personalized else ())
    excluded, unknown_excluded = resolve(model, query.exclude)
    user_state = read_user_state(model, query, session)
    scored = choose(model, query, user_state, excluded)
    explored = explore(model, query, scored)
    if explored:
        scored = scored.first(query.limit - len(explored))
    reasons = user_reasons(model, user_state, scored) if query.explain else None
    missing = tuple(dict.fromkeys(unknown_recent + unknown_excluded))
    return Answer(model, scored, reasons, missing, user_fallback(query, user_state), explored=explored)


def choose(model: Model, query: Query, user_state: UserState, excluded: npt.NDArray[np.int32]) -> ScoredItems:
    """The best items within the query's filters and repeat policy, but for the `excluded` item indexes."""
    if query.repeat is Repeat.ONLY:
        return _buy_again(model, query.limit, user_state, eligible_items(model, query.filters, excluded))
    owned = (user_state.bought, user_state.recent)
    hidden = owned if query.repeat is Repeat.EXCLUDE else ()
    eligible = eligible_items(model, query.filters, excluded, *hidden)
    if user_state.vector is None:
        return most_popular(model, eligible, query.limit)
    query_vector = query_vector_of(model.recipe.weights, user_state.vector)
    if len(model.forest) and user_state.known:
        return _ranked(model, query.limit, user_state, query_vector, eligible)
    if query.repeat is Repeat.EXCLUDE:
        return _discover(model, query.limit, user_state, query_vector, eligible)
    others = _discover(model, query.limit, user_state, query_vector, without(eligible, *owned))
    return merge(others, _own_items(model, query.limit, user_state, query_vector, eligible), query.limit)


def _ranked(model: Model, limit: int, user_state: UserState, query_vector: Scores, eligible: Mask) -> ScoredItems:
    """The ranker's order of the candidates, and behind the last of them the blend's.

    The ranker's scores have no parts: a candidate's source is what would have given most of its score in a session,
    the blend with the neighbour scores of the user's items.
    """
    candidates = find_candidates(model, user_state, query_vector, eligible)
    scores = rank_candidates(model, user_state, query_vector, candidates)
    order = np.lexsort((candidates.items, -scores))[:limit]
    items, frequency = candidates.items[order], frequency_of(user_state, candidates.items[order])
    neighbour_scores = np.float32(SESSION_WEIGHT) * candidates.neighbour_scores[order]
    blend = blend_scores(model, query_vector, items, frequency) + neighbour_scores
    parts = with_sources(model, items, blend, habit_scores(model.recipe.weights, frequency), neighbour_scores)
    ranked = replace(parts, scores=scores[order])
    if len(ranked) == limit:
        return ranked
    rest = without(eligible, candidates.items.astype(np.int32))
    return chain(ranked, _discover(model, limit - len(ranked), user_state, query_vector, rest))


def _discover(model: Model, limit: int, user_state: UserState, query_vector: Scores, eligible: Mask) -> ScoredItems:
    """By the blend; in a session also by what neighbours its items, since the vector of one or two items is short."""
    if user_state.known and len(user_state.recent) == 0:
        return with_sources(model, *model.index.search(query_vector, eligible, limit))
    session = user_state.items[user_state.neighbour_basket(ranked=False).places]
    neighbour_scores = add_up_neighbours(model, session)
    near, _ = model.index.search(query_vector, eligible, limit + FROM_NEIGHBOURS)
    beside = np.setdiff1d(neighbour_scores.best(eligible, FROM_NEIGHBOURS)[0], near)
    items = np.concatenate([near, beside])
    added = np.float32(SESSION_WEIGHT) * neighbour_scores.of(items)
    items, scores = best(items, blend_scores(model, query_vector, items) + added, limit)
    return with_sources(model, items, scores, neighbour_scores=np.float32(SESSION_WEIGHT) * neighbour_scores.of(items))


def _own_items(model: Model, limit: int, user_state: UserState, query_vector: Scores, eligible: Mask) -> ScoredItems:
    """What the user bought before, and the session's items as if bought once."""
    own = user_state.bought
    frequency = np.zeros(len(model.item_ids), np.float32)
    frequency[own] = user_state.history.frequency[user_state.history.times_bought > 0]
    for item in user_state.recent.tolist():
        frequency[item] = math.log1p(math.expm1(frequency[item]) + 1)
    items = np.union1d(own, user_state.recent).astype(np.int64)
    items = items[eligible[items]]
    items, scores = best(items, blend_scores(model, query_vector, items, frequency[items]), limit)
    return with_sources(model, items, scores, habit_scores(model.recipe.weights, frequency[items]))


def _buy_again(model: Model, limit: int, user_state: UserState, eligible: Mask) -> ScoredItems:
    items = user_state.history.items.astype(np.int64)
    scores = buy_again_scores(model, user_state)
    allowed = eligible[items] & (scores > 0)
    return from_source(best(items[allowed], scores[allowed], limit), Source.HISTORY)

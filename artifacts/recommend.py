"""What for this user, or this session?"""

import numpy as np

from artifacts.answer import Scored, chain, from_source, merge, most_popular, show, top
from artifacts.candidates import find_candidates
from artifacts.eligibility import Mask, eligible_items, without
from artifacts.features import candidate_features
from artifacts.index import best
from artifacts.model import Model
from artifacts.person import Person, read_person, resolve
from artifacts.query import Answer, Fallback, Query, Repeat, Source
from artifacts.reasons import user_reasons
from artifacts.scoring import Scores, buy_again_scores, frequency_scores, query_vector


def recommend(model: Model, query: Query) -> Answer:
    """Picks for `query.user_id` and/or `query.recent_items`; popular items where neither tells anything."""
    session, unknown_recent = resolve(model, query.recent_items if query.personalized else ())
    excluded, unknown_excluded = resolve(model, query.exclude)
    person = read_person(model, query, session)
    scored = choose(model, query, person, eligible_items(model, query.filters, excluded))
    reasons = user_reasons(model, person, scored) if query.explain else None
    missing = tuple(dict.fromkeys(unknown_recent + unknown_excluded))
    return Answer(show(model, scored, reasons), missing, _fallback(query, person))


def choose(model: Model, query: Query, person: Person, eligible: Mask) -> Scored:
    """The best eligible items under the query's repeat policy."""
    if query.repeat is Repeat.ONLY:
        return _buy_again(model, query.limit, person, eligible)
    bought = person.bought(model)
    new = without(eligible, bought, person.recent) if query.repeat is Repeat.EXCLUDE else eligible
    if person.vector is None:
        return most_popular(model, new, query.limit)
    wanted = query_vector(model, person.vector)
    if len(model.forest) and person.known:
        return _ranked(model, query.limit, person, wanted, new)
    if query.repeat is Repeat.EXCLUDE:
        return _discover(model, query.limit, wanted, new)
    own = _own_items(model, query.limit, person, wanted, eligible)
    return merge(_discover(model, query.limit, wanted, without(eligible, bought)), own, query.limit)


def _ranked(model: Model, limit: int, person: Person, wanted: Scores, eligible: Mask) -> Scored:
    """The ranker's order of the candidates, and behind the last of them the blend's."""
    candidates = find_candidates(model, person, wanted, eligible)
    scores = model.forest.score(candidate_features(model, person, wanted, candidates))
    ranked = top(Scored(candidates.items, scores, candidates.sources), limit)
    if len(ranked) == limit:
        return ranked
    rest = without(eligible, candidates.items.astype(np.int32))
    return chain(ranked, _discover(model, limit - len(ranked), wanted, rest))


def _discover(model: Model, limit: int, wanted: Scores, eligible: Mask) -> Scored:
    hits = model.index.search(wanted, eligible, limit)
    return from_source(hits, Source.ALS)


def _own_items(model: Model, limit: int, person: Person, wanted: Scores, eligible: Mask) -> Scored:
    row = person.history
    items = model.history.items[row].astype(np.int64)
    scores = model.item_vectors[items] @ wanted + frequency_scores(model, person)
    allowed = eligible[items] & (model.history.times_bought[row] > 0)
    return from_source(best(items[allowed], scores[allowed], limit), Source.HISTORY)


def _buy_again(model: Model, limit: int, person: Person, eligible: Mask) -> Scored:
    items = model.history.items[person.history].astype(np.int64)
    scores = buy_again_scores(model, person)
    allowed = eligible[items] & (scores > 0)
    return from_source(best(items[allowed], scores[allowed], limit), Source.HISTORY)


def _fallback(query: Query, person: Person) -> Fallback | None:
    if not query.personalized:
        return Fallback.NOT_PERSONALIZED
    if person.vector is not None:
        return None
    return Fallback.UNKNOWN_USER if query.user_id is not None else Fallback.UNKNOWN_ITEMS

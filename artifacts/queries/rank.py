"""The caller's own list, in the user's order."""

import numpy as np

from artifacts.model.index import Hits, best
from artifacts.model.model import Model
from artifacts.queries.answer import Answer, Scored, from_source
from artifacts.queries.query import Fallback, Query, Source
from artifacts.queries.reasons import user_reasons
from artifacts.queries.scoring import frequency_scores, query_vector
from artifacts.queries.user_state import NO_ITEMS, Person, read_person, resolve


def rank(model: Model, query: Query) -> Answer:
    """Every known item of `query.items`, best for the user first, each told whether it is available.

    Nothing is left out: the list is the caller's. An unknown user's order is what sells now.
    """
    items, unknown = resolve(model, query.items)
    person = read_person(model, query, NO_ITEMS)
    scored = _order(model, person, items.astype(np.int64))
    reasons = user_reasons(model, person, scored) if query.explain else None
    return Answer(model, scored, reasons, unknown, _fallback(query, person), flagged=True)


def _order(model: Model, person: Person, items: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Scored:
    if person.vector is None:
        return from_source(best(items, model.popularity.recent[items], len(items)), Source.POPULAR)
    scores = model.item_vectors[items] @ query_vector(model, person.vector)
    own = np.zeros(len(model.item_ids), np.float32)
    own[person.history.items] = frequency_scores(model, person)
    hits: Hits = best(items, scores + own[items], len(items))
    bought = set(person.bought.tolist())
    sources = tuple(Source.HISTORY if item in bought else Source.ALS for item in hits[0].tolist())
    return Scored(*hits, sources)


def _fallback(query: Query, person: Person) -> Fallback | None:
    if not query.personalized:
        return Fallback.NOT_PERSONALIZED
    return Fallback.UNKNOWN_USER if person.vector is None else None

"""What for each of many users? The answers of `recommend`, for as little as they cost together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from artifacts.batch.item_bounds import ItemBounds, vector_lengths
from artifacts.batch.tiled_top_k import Pairs, SearchedUsers, bytes_per_user, find_top_k, order_pairs
from artifacts.core.recommend import recommend
from artifacts.live.activity import NO_ACTIVITY, UserActivity
from artifacts.model.ids import UNKNOWN
from artifacts.model.model import Model
from artifacts.queries.answer import Answer, ScoredItems
from artifacts.queries.query import Fallback, Query, Repeat, Source
from artifacts.queries.scoring import Scores, blend_scores, habit_scores, query_vectors
from artifacts.queries.source_labels import PART_SOURCES, largest_parts

SOURCES = tuple(Source)
_PARTS = np.array([SOURCES.index(source) for source in PART_SOURCES])
FALLBACKS = (None, *Fallback)
UNKNOWN_ID = "\ud800"  # an id that no version holds: it has no UTF-8
NO_ACTIVITIES: Mapping[int, UserActivity] = {}
PAIRS = 16_384  # users and items scored at a time, one by one

Indexes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ManyPicks:
    """Picks of many users, one a row, in the order of the users, the best first.

    `users` (m,) int64, the place of a pick's user among those asked about; `items` (m,) int64; `scores` (m,) float32;
    `sources` (m,) int64, places in SOURCES.
    """

    users: Indexes
    items: Indexes
    scores: npt.NDArray[np.float32]
    sources: Indexes


NO_PICKS = ManyPicks(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.int64))


@dataclass(frozen=True)
class ManyAnswers:
    """The picks of n users; `fallbacks` (n,) int64 are each user's place in FALLBACKS."""

    picks: ManyPicks
    fallbacks: Indexes


def recommend_many(  # noqa: PLR0913
    model: Model,
    item_bounds: ItemBounds,
    query: Query,
    users: Indexes,
    n_bytes: int,
    *,
    activity: Mapping[int, UserActivity] = NO_ACTIVITIES,
) -> ManyAnswers:
    """What `recommend` answers each of the users (n,) int64, UNKNOWN (-1) for who is not known, to a query without a
    `user_id` whose items are `item_bounds`. `activity`, by place, is what some of the users did since training.

    Works in about `n_bytes` however many users there are. Where the version's index is approximate, these picks are the
    exact ones.
    """
    blended = _are_blended(model, query, users)
    blended[list(activity)] = False
    rows, step = np.flatnonzero(blended), max(1, n_bytes // bytes_per_user(item_bounds))
    parts = [
        _blend(model, item_bounds, query, users, rows[start : start + step]) for start in range(0, len(rows), step)
    ]
    others = np.flatnonzero(~blended)
    answers = _answers(model, query, users[others], [activity.get(row, NO_ACTIVITY) for row in others.tolist()])
    parts += [_as_picks(row, answer.scored) for row, answer in zip(others.tolist(), answers, strict=True)]
    fallbacks = np.full(len(users), FALLBACKS.index(None))
    fallbacks[others] = [FALLBACKS.index(answer.fallback) for answer in answers]
    return ManyAnswers(_join(parts), fallbacks)


def _are_blended(model: Model, query: Query, users: Indexes) -> npt.NDArray[np.bool_]:
    """Whose picks are the best of a matrix product. The others' need none, or a ranker."""
    if not query.personalized or query.repeat is Repeat.ONLY or len(model.forest) or not len(model.user_ids):
        return np.zeros(len(users), np.bool_)
    return np.asarray((users != UNKNOWN) & model.user_factors[users].any(axis=1), np.bool_)


def _blend(model: Model, item_bounds: ItemBounds, query: Query, users: Indexes, rows: Indexes) -> ManyPicks:
    """The best of the blend for some of the users."""
    factors = model.user_factors[users[rows]]
    queries = query_vectors(model.recipe.weights, factors)
    own, frequency = _bought(model, users[rows])
    found = find_top_k(
        model.item_vectors, item_bounds, SearchedUsers(queries, vector_lengths(factors), own), query.limit
    )
    shown = item_bounds.place[own.items] < len(item_bounds) if query.repeat is Repeat.ALLOW else np.empty(0, np.int64)
    frequency = np.concatenate([np.zeros(len(found), np.float32), frequency[shown]])
    found = Pairs(np.concatenate([found.rows, own.rows[shown]]), np.concatenate([found.items, own.items[shown]]))
    scores = _score(model, queries, found, frequency)
    best = order_pairs(found, scores, query.limit)
    items, scores = found.items[best], scores[best]
    parts = largest_parts(model, items, scores, habit_scores(model.recipe.weights, frequency[best]))
    return ManyPicks(rows[found.rows[best]], items, scores, _PARTS[parts])


def _score(model: Model, queries: Scores, pairs: Pairs, frequency: Scores) -> Scores:
    """(m,) float32: the blend of each pair, some at a time."""
    scores = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), PAIRS):
        part = slice(start, start + PAIRS)
        scores[part] = blend_scores(model, queries[pairs.rows[part]], pairs.items[part], frequency[part])
    return scores


def _bought(model: Model, users: Indexes) -> tuple[Pairs, Scores]:
    """What known users bought, by row and then by item, and how frequently."""
    history = model.history
    starts, stops = history.indptr[users], history.indptr[users + 1]
    counts = stops - starts
    entries = np.arange(counts.sum()) + np.repeat(stops - counts.cumsum(), counts)
    rows = np.repeat(np.arange(len(users)), counts)
    bought = history.times_bought[entries] > 0
    entries = entries[bought]
    return Pairs(rows[bought], history.items[entries].astype(np.int64)), history.frequency[entries]


def _answers(model: Model, query: Query, users: Indexes, activity: Sequence[UserActivity]) -> list[Answer]:
    """Each user's answer of `recommend`, one after the other."""
    unknown = recommend(model, replace(query, user_id=UNKNOWN_ID))
    impersonal = recommend(model, replace(query, user_id=UNKNOWN_ID, personalized=False))

    def ask(user_index: int, done: UserActivity) -> Answer:
        if not query.personalized or not done.personalized:
            return impersonal
        if user_index == UNKNOWN and done is NO_ACTIVITY:
            return unknown
        user_id = UNKNOWN_ID if user_index == UNKNOWN else model.user_ids[user_index]
        return recommend(model, replace(query, user_id=user_id, activity=done))

    return [ask(user_index, done) for user_index, done in zip(users.tolist(), activity, strict=True)]


def _as_picks(row: int, scored: ScoredItems) -> ManyPicks:
    sources = np.array([SOURCES.index(source) for source in scored.sources], np.int64)
    return ManyPicks(np.full(len(scored), row), scored.items, scored.scores, sources)


def _join(parts: list[ManyPicks]) -> ManyPicks:
    """One table, in the order of the users."""
    parts = [NO_PICKS, *parts]
    users = np.concatenate([part.users for part in parts])
    order = np.argsort(users, kind="stable")
    items, scores, sources = (
        np.concatenate(columns)[order]
        for columns in zip(*((part.items, part.scores, part.sources) for part in parts), strict=True)
    )
    return ManyPicks(users[order], items, scores, sources)

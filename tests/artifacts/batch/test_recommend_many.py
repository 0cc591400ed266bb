"""Many users asked at once are answered what `recommend` answers each of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.batch import recommend_many as many
from artifacts.batch import tiled_top_k
from artifacts.batch.item_bounds import ItemBounds, bound_items, vector_lengths
from artifacts.batch.recommend_many import FALLBACKS, SOURCES, ManyAnswers, recommend_many
from artifacts.batch.tiled_top_k import Pairs, SearchedUsers, find_top_k, order_pairs
from artifacts.model.ids import UNKNOWN
from artifacts.model.inner_products import inner_products
from artifacts.model.model import Model
from artifacts.model.recipe import Weights
from artifacts.queries.answer import ScoredItems
from artifacts.queries.query import Filters, Query, Repeat, Source
from artifacts.queries.recommend import recommend
from artifacts.queries.scoring import query_vector_of, query_vectors

MUCH = 1 << 26
EVERY = 5  # users are asked for: all of them would take long

QUERIES = {
    "default": Query(),
    "one": Query(limit=1),
    "many": Query(limit=100),
    "allow": Query(limit=20, repeat=Repeat.ALLOW),
    "only": Query(repeat=Repeat.ONLY),
    "cheap": Query(filters=Filters(max_price=10.0), repeat=Repeat.ALLOW),
    "category": Query(filters=Filters(("Coffee machines", "none such"), in_stock=False)),
    "nothing": Query(filters=Filters(("none such",))),
    "exclude": Query(exclude=("KT-1018", "who?"), limit=5),
    "popular": Query(personalized=False),
}


WEIGHTS = {
    "default": Weights(als=0.3, newcomers=1.1, popular=0.05, trend=0.0, frequency=0.7),
    "every source": Weights(als=0.3, newcomers=0.1, popular=0.3, trend=0.1, frequency=0.3),
}


@pytest.fixture(scope="module")
def model(sample_model: Model) -> Model:
    """The sample shop's, with a user whose items show no taste."""
    factors = np.array(sample_model.user_factors)
    factors[EVERY] = 0
    return replace(sample_model, user_factors=factors)


def weighed(model: Model, weights: Weights) -> Model:
    return replace(model, recipe=replace(model.recipe, weights=weights))


def answered(model: Model, answers: ManyAnswers, n_users: int) -> list[ScoredItems]:
    picks = answers.picks
    assert (np.diff(picks.users) >= 0).all()
    edges = np.searchsorted(picks.users, np.arange(n_users + 1))
    sources = [SOURCES[source] for source in picks.sources.tolist()]
    return [
        ScoredItems(picks.items[start:stop], picks.scores[start:stop], tuple(sources[start:stop]))
        for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]


def assert_same(found: ScoredItems, expected: ScoredItems) -> None:
    """To the last bit, so that near-ties stand in the same order."""
    assert found.items.tolist() == expected.items.tolist()
    assert found.scores.tolist() == expected.scores.tolist()
    assert found.sources == expected.sources


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_every_user_gets_the_answer_of_recommend(model: Model, name: str, weights: str) -> None:
    model, query = weighed(model, WEIGHTS[weights]), QUERIES[name]
    users = np.append(np.arange(0, len(model.user_ids), EVERY), UNKNOWN)
    answers = recommend_many(model, bound_items(model, query), query, users, MUCH)
    for place, found in enumerate(answered(model, answers, len(users))):
        user = users[place]
        answer = recommend(model, replace(query, user_id=model.user_ids[user] if user != UNKNOWN else "nobody"))
        assert FALLBACKS[answers.fallbacks[place]] is answer.fallback
        assert_same(found, answer.scored)


def test_answers_do_not_depend_on_the_memory_or_on_who_else_is_asked_about(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = Query(repeat=Repeat.ALLOW)
    item_bounds, users = bound_items(model, query), np.arange(300)
    together = answered(model, recommend_many(model, item_bounds, query, users, MUCH), 300)
    monkeypatch.setattr(many, "PAIRS", 7)
    one_by_one = answered(model, recommend_many(model, item_bounds, query, users[::-1], 1), 300)[::-1]
    for some, same in zip(together, one_by_one, strict=True):
        assert some.items.tolist() == same.items.tolist()
        assert some.scores.tolist() == same.scores.tolist()


def test_every_part_of_the_blend_can_be_a_source(model: Model) -> None:
    query = Query(limit=20, repeat=Repeat.ALLOW)
    shop = weighed(model, WEIGHTS["every source"])
    picks = recommend_many(shop, bound_items(shop, query), query, np.arange(50), MUCH).picks
    assert {SOURCES[source] for source in picks.sources.tolist()} == {Source.ALS, Source.POPULAR, Source.HISTORY}


@pytest.mark.parametrize("n_factors", [1, 8, 63, 64])
def test_a_users_query_vector_is_the_same_alone_and_among_others(n_factors: int) -> None:
    factors = np.random.default_rng(n_factors).standard_normal((300, n_factors)).astype(np.float32)
    factors[5], factors[6] = 0, 1e-30
    queries = query_vectors(WEIGHTS["default"], factors)
    alone = [query_vector_of(WEIGHTS["default"], row) for row in factors]
    np.testing.assert_array_equal(queries, np.stack(alone))


@pytest.mark.parametrize("n_dimensions", [1, 3, 18, 130, 1_000])
def test_an_inner_product_is_the_same_alone_and_among_others(n_dimensions: int) -> None:
    rng = np.random.default_rng(n_dimensions)
    rows = rng.standard_normal((301, n_dimensions), dtype=np.float32)
    query = rng.standard_normal(n_dimensions, dtype=np.float32)
    together = inner_products(rows, query)
    assert together.tolist() == [inner_products(row[np.newaxis], query)[0] for row in rows]
    np.testing.assert_array_equal(inner_products(rows, np.tile(query, (len(rows), 1))), together)
    np.testing.assert_array_equal(inner_products(query, rows), together)
    wide = np.hstack([rows, rows])[::-1]
    np.testing.assert_array_equal(inner_products(wide[:, :n_dimensions], query), together[::-1])


def test_no_users_have_no_picks(model: Model) -> None:
    answers = recommend_many(model, bound_items(model, Query()), Query(), np.empty(0, np.int64), MUCH)
    assert len(answers.fallbacks) == len(answers.picks.users) == 0


def test_no_score_exceeds_its_bound(model: Model) -> None:
    item_bounds = bound_items(model, Query(filters=Filters(in_stock=False)))
    lengths = vector_lengths(model.user_factors)
    queries = query_vectors(model.recipe.weights, model.user_factors)
    scores = queries @ model.item_vectors[item_bounds.items].T
    slack = item_bounds.rounding(lengths, queries.shape[1])
    for user in range(0, len(lengths), 7):
        assert (scores[user] <= item_bounds.bounds(float(lengths[user])) + slack[user]).all()
    assert sorted(item_bounds.items.tolist()) == list(range(len(model.item_ids)))
    assert (item_bounds.place[item_bounds.items] == np.arange(len(item_bounds))).all()


@st.composite
def searches(draw: st.DrawFn) -> tuple[np.ndarray, ItemBounds, SearchedUsers, int]:
    """Small whole numbers, whose products are exact and often equal; some of the items."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_items, n_users, n_factors = draw(st.integers(1, 70)), draw(st.integers(1, 9)), draw(st.integers(1, 3))
    vectors = rng.integers(-2, 3, (n_items, n_factors)).astype(np.float32)
    queries = rng.integers(-2, 3, (n_users, n_factors)).astype(np.float32)
    hidden = np.argwhere(rng.random((n_users, n_items)) < draw(st.sampled_from([0, 0.2, 0.9])))
    items = np.flatnonzero(rng.random(n_items) < draw(st.sampled_from([1, 0.5, 0.1])))
    taste = vector_lengths(vectors)
    if draw(st.booleans()):
        items = items[np.argsort(-taste[items])]
    place = np.full(n_items, len(items))
    place[items] = np.arange(len(items))
    item_bounds = ItemBounds(items, place, taste[items], np.zeros(len(items), np.float32), 0.0)
    wanted = SearchedUsers(queries, vector_lengths(queries), Pairs(hidden[:, 0], hidden[:, 1]))
    return vectors, item_bounds, wanted, draw(st.integers(1, 12))


@given(searches())
def test_the_best_are_those_of_all_scores_sorted(search: tuple[np.ndarray, ItemBounds, SearchedUsers, int]) -> None:
    vectors, item_bounds, wanted, k = search
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"TILE": 8, "FINE": 2, "FINE_TILES": 1, "COARSE": 4, "STRIP": 4}.items():
            patch.setattr(tiled_top_k, name, value)
        found = find_top_k(vectors, item_bounds, wanted, k)
        scores = inner_products(vectors[found.items], wanted.queries[found.rows])
    best = order_pairs(found, scores, k)
    hidden = set(zip(wanted.hidden.rows.tolist(), wanted.hidden.items.tolist(), strict=True))
    expected = []
    for row, query in enumerate(wanted.queries):
        allowed = [item for item in sorted(item_bounds.items.tolist()) if (row, item) not in hidden]
        allowed.sort(key=lambda item: -float(vectors[item] @ query))
        expected += [(row, item) for item in allowed[:k]]
    assert list(zip(found.rows[best].tolist(), found.items[best].tolist(), strict=True)) == expected


def test_most_scores_are_never_made() -> None:
    """Where items differ in length, as real ones do, a few tiles tell that no other can hold a pick."""
    rng = np.random.default_rng(0)
    vectors = (
        rng.standard_normal((20_000, 16), dtype=np.float32) * (1 + np.arange(20_000, dtype=np.float32))[:, None] ** -1
    )
    queries = rng.standard_normal((50, 16), dtype=np.float32)
    nothing = Pairs(np.empty(0, np.int64), np.empty(0, np.int64))
    item_bounds = ItemBounds(
        np.arange(20_000), np.arange(20_000), vector_lengths(vectors), np.zeros(20_000, np.float32), 0.0
    )
    search = tiled_top_k._Search(vectors, item_bounds, SearchedUsers(queries, vector_lengths(queries), nothing), 10)
    search.multiply()
    assert np.isfinite(search.maxima).sum() < 0.5 * search.maxima.size

"""The path of an answer over a trained tiny shop whose truth is known, and its properties under any query."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix

from artifacts.model.model import Model, open_model
from artifacts.queries.answer import Answer
from artifacts.queries.cross_sell import cross_sell
from artifacts.queries.eligibility import eligible_items
from artifacts.queries.foldin import contributions, fold_in
from artifacts.queries.popular import popular
from artifacts.queries.query import Fallback, Filters, Query, Repeat, Source
from artifacts.queries.rank import rank
from artifacts.queries.recommend import recommend
from artifacts.queries.scoring import query_vector_of
from artifacts.queries.similar import similar
from tests.support.served import served_picks
from tests.support.shop import publish_tiny_shop

NOTHING = np.empty(0, np.int32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return open_model(publish_tiny_shop(tmp_path_factory.mktemp("tiny")).current_path())


def ids(answer: Answer) -> list[str]:
    return [pick.item_id for pick in served_picks(answer)]


def bought(model: Model, user_id: str) -> set[str]:
    row = model.history.row(model.user_ids.find(user_id))
    return {model.item_ids[item] for item in model.history.items[row].tolist()}


def test_even_users_are_recommended_even_items(model: Model) -> None:
    firsts = [served_picks(recommend(model, Query(user_id=f"u{user}", limit=2))) for user in range(0, 60, 2)]
    assert np.mean([pick.category == "even" for picks in firsts for pick in picks]) > 0.9
    assert {pick.source for picks in firsts for pick in picks} == {Source.ALS}


def test_what_the_user_bought_is_left_out_allowed_or_all_there_is(model: Model) -> None:
    owned = bought(model, "u3")
    assert not owned & set(ids(recommend(model, Query(user_id="u3", limit=100))))
    allowed = recommend(model, Query(user_id="u3", limit=100, repeat=Repeat.ALLOW))
    assert owned - {"I005"} < set(ids(allowed))
    assert set(ids(recommend(model, Query(user_id="u3", limit=100, repeat=Repeat.ONLY)))) == owned - {"I005"}


def test_unknown_users_get_what_sells(model: Model) -> None:
    answer = recommend(model, Query(user_id="nobody", limit=5))
    assert answer.fallback is Fallback.UNKNOWN_USER
    assert ids(answer) == ids(popular(model, Query(limit=5)))
    assert served_picks(recommend(model, Query(user_id="nobody", repeat=Repeat.ONLY))) == ()


def test_without_personalisation_nothing_of_the_user_is_read(model: Model) -> None:
    answer = recommend(model, Query(user_id="u3", recent_items=("I001",), personalized=False))
    other = recommend(model, Query(user_id="u4", personalized=False))
    assert served_picks(answer) == served_picks(other)
    assert answer.missing_ids == other.missing_ids == ()
    assert answer.fallback is other.fallback is Fallback.NOT_PERSONALIZED


def test_a_session_is_personalised_without_a_user(model: Model) -> None:
    answer = recommend(model, Query(recent_items=("I001", "I003", "nowhere"), limit=3))
    assert [pick.category for pick in served_picks(answer)] == ["odd"] * 3
    assert answer.missing_ids == ("nowhere",)
    assert answer.fallback is None
    assert recommend(model, Query(recent_items=("nowhere",))).fallback is Fallback.UNKNOWN_ITEMS


def test_fold_in_is_what_implicit_solves_for(model: Model) -> None:
    recipe = model.recipe
    peer = AlternatingLeastSquares(
        factors=recipe.n_factors, regularization=recipe.regularization, alpha=recipe.alpha, num_threads=1
    )
    peer.item_factors = model.item_factors.copy()
    for user in range(10):
        row = model.history.row(user)
        items, strength = model.history.items[row], model.history.strength[row]
        matrix = csr_matrix((strength, items, [0, len(items)]), shape=(1, len(model.item_ids)))
        expected = peer.recalculate_user(user, matrix)
        np.testing.assert_allclose(fold_in(model, items, strength), expected, rtol=1e-3, atol=1e-5)


def test_contributions_add_up_to_the_score(model: Model) -> None:
    row = model.history.row(3)
    items, strength = model.history.items[row], model.history.strength[row]
    directions = model.item_factors[:10]
    scores = directions @ fold_in(model, items, strength)
    added = contributions(model, items, strength, directions).sum(axis=1)
    np.testing.assert_allclose(added, scores, rtol=1e-3, atol=1e-5)


def test_a_session_is_added_to_a_known_users_history(model: Model) -> None:
    before = recommend(model, Query(user_id="u4", limit=20))
    after = recommend(model, Query(user_id="u4", recent_items=("I001", "I003", "I007", "I009"), limit=20))
    odd_before = sum(pick.category == "odd" for pick in served_picks(before)[:5])
    odd_after = sum(pick.category == "odd" for pick in served_picks(after)[:5])
    assert odd_after > odd_before


def test_the_planted_pair_is_found_with_its_reason(model: Model) -> None:
    first = served_picks(cross_sell(model, Query(items=("I000",), explain=True)))[0]
    assert first.item_id == "I002"
    assert first.source is Source.CO_PURCHASE
    assert first.reason is not None
    pair = first.reason.bought_together[0]
    assert (pair.item_id, pair.title, pair.confidence) == ("I000", "Item number 0", 1.0)
    assert pair.support > 10
    assert pair.lift > 2


def test_cross_sell_backfills_and_says_so(model: Model) -> None:
    answer = cross_sell(model, Query(items=("I000",), limit=100, explain=True))
    sources = [pick.source for pick in served_picks(answer)]
    assert sources.index(Source.ALS) > 0
    assert sources == sorted(sources, key=[Source.CO_PURCHASE, Source.ALS, Source.POPULAR].index)
    assert len(served_picks(answer)) == int(model.catalogue.available.sum()) - 1


def test_an_item_nobody_bought_still_gets_an_answer(model: Model) -> None:
    assert len(served_picks(cross_sell(model, Query(items=("I026",))))) == 10
    assert {pick.category for pick in served_picks(similar(model, Query(items=("I026",), limit=5)))} == {"even"}


def test_similar_items_are_of_the_same_kind(model: Model) -> None:
    picks = served_picks(similar(model, Query(items=("I004",), limit=3)))
    assert [pick.category for pick in picks] == ["even"] * 3
    assert "I004" not in [pick.item_id for pick in picks]


def test_rank_keeps_every_known_item_and_flags_what_is_gone(model: Model) -> None:
    answer = rank(model, Query(user_id="u4", items=("I005", "I001", "zz", "I004", "I008")))
    assert sorted(ids(answer)) == ["I001", "I004", "I005", "I008"]
    assert {pick.item_id: pick.available for pick in served_picks(answer)}["I005"] is False
    assert [pick.category for pick in served_picks(answer)[:2]] == ["even", "even"]
    assert answer.missing_ids == ("zz",)


def test_buy_again_prefers_what_was_bought_often(model: Model) -> None:
    user = int(np.argmax([model.history.times_bought[model.history.row(u)].max() for u in range(len(model.user_ids))]))
    row = model.history.row(user)
    most = model.history.items[row][np.argmax(model.history.times_bought[row])]
    picks = served_picks(recommend(model, Query(user_id=model.user_ids[user], repeat=Repeat.ONLY, limit=3)))
    assert model.item_ids[int(most)] in [pick.item_id for pick in picks]


item_ids = st.integers(0, 30).map(lambda number: f"I{number:03}")
queries = st.builds(
    Query,
    user_id=st.sampled_from([None, "u1", "u2", "nobody"]),
    recent_items=st.lists(item_ids, max_size=3).map(tuple),
    items=st.lists(item_ids, min_size=1, max_size=3).map(tuple),
    limit=st.integers(1, 40),
    exclude=st.lists(item_ids, max_size=4).map(tuple),
    filters=st.builds(
        Filters,
        categories=st.sampled_from([(), ("even",), ("odd", "nowhere"), ("nowhere",)]),
        min_price=st.sampled_from([None, 5.0]),
        max_price=st.sampled_from([None, 20.0]),
        in_stock=st.booleans(),
    ),
    repeat=st.sampled_from(list(Repeat)),
    explain=st.booleans(),
    personalized=st.booleans(),
)
any_query = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)


def allowed_items(model: Model, query: Query) -> set[str]:
    mask = eligible_items(model, query.filters, NOTHING)
    return {model.item_ids[index] for index in np.flatnonzero(mask).tolist()} - set(query.exclude)


@any_query
@given(query=queries)
def test_every_recommendation_passes_the_mask_and_is_filled(model: Model, query: Query) -> None:
    answer = ids(recommend(model, query))
    wanted = allowed_items(model, query)
    known = query.personalized and query.user_id in {"u1", "u2"}
    owned = bought(model, str(query.user_id)) if known else set()
    if query.repeat is Repeat.ONLY:
        wanted &= owned
    elif query.repeat is Repeat.EXCLUDE:
        wanted -= owned | (set(query.recent_items) if query.personalized else set())
    assert len(set(answer)) == len(answer) == min(query.limit, len(wanted))
    assert set(answer) <= wanted


@any_query
@given(query=queries)
def test_no_basket_is_sold_what_is_in_it(model: Model, query: Query) -> None:
    answer = ids(cross_sell(model, query))
    wanted = allowed_items(model, query) - set(query.items)
    if query.user_id in {"u1", "u2"} and query.personalized:
        owned = bought(model, str(query.user_id))
        wanted = {Repeat.EXCLUDE: wanted - owned, Repeat.ALLOW: wanted, Repeat.ONLY: wanted & owned}[query.repeat]
    elif query.repeat is Repeat.ONLY and query.user_id is not None:
        wanted = set()
    assert len(set(answer)) == len(answer) == min(query.limit, len(wanted))
    assert set(answer) <= wanted


@any_query
@given(query=queries)
def test_recommendations_are_the_exact_best(model: Model, query: Query) -> None:
    """Brute force over every eligible item, for users and sessions that have a vector."""
    query = replace(query, user_id="u1", recent_items=(), personalized=True, repeat=Repeat.EXCLUDE)
    scores = model.item_vectors @ query_vector_of(model.recipe.weights, model.user_factors[model.user_ids.find("u1")])
    wanted = sorted(allowed_items(model, query) - bought(model, "u1"))
    order = sorted(wanted, key=lambda item_id: -scores[model.item_ids.find(item_id)])[: query.limit]
    best = [float(scores[model.item_ids.find(item_id)]) for item_id in order]
    assert [pick.score for pick in served_picks(recommend(model, query))] == pytest.approx(best, rel=1e-5, abs=1e-6)

"""A reason names what drove a pick: items that gave a fair share of its score, a habit, or what sells."""

from dataclasses import replace

import pytest

from artifacts.model.model import Model, open_model
from artifacts.model.recipe import Weights
from artifacts.publishing.store import Store
from artifacts.queries import reasons
from artifacts.queries.cross_sell import cross_sell
from artifacts.queries.query import Query, Repeat, Source
from artifacts.queries.rank import rank
from artifacts.queries.recommend import recommend
from tests.support.served import served_picks

POPULAR = Weights(als=0.01, newcomers=0.0, popular=1.0, trend=0.0, frequency=0.7)
BY_NEIGHBOURS = Weights(als=0, newcomers=0, popular=0, trend=0, frequency=0)


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


def weighed(model: Model, weights: Weights) -> Model:
    return replace(model, recipe=replace(model.recipe, weights=weights))


def test_items_that_add_next_to_nothing_are_no_causes(model: Model) -> None:
    for query in (Query(user_id="u4", explain=True), Query(recent_items=("I001", "I003"), explain=True)):
        picks = served_picks(recommend(weighed(model, POPULAR), query))
        assert len(picks) == 10
        for pick in picks:
            assert pick.source is Source.POPULAR
            assert pick.reason is not None
            assert pick.reason.because_of == ()
            assert pick.reason.sold_recently is not None


@pytest.mark.parametrize("limit", [1, 20])
def test_every_cause_gave_its_share_of_the_score(model: Model, limit: int) -> None:
    named = 0
    for user in range(0, 60, 3):
        query = Query(user_id=f"u{user}", limit=limit, explain=True)
        for pick in served_picks(recommend(model, query)):
            assert pick.reason is not None
            named += len(pick.reason.because_of)
            for cause in pick.reason.because_of:
                assert cause.contribution >= reasons.MIN_SHARE * pick.score - 1e-6
    assert named > 20


def test_what_was_bought_before_is_there_by_habit_and_no_cause_of_itself(model: Model) -> None:
    user = model.user_ids.find("u4")
    history = model.history.of(user)
    bought = {model.item_ids[item]: n for item, n in zip(history.items, history.times_bought, strict=True)}
    last = {model.item_ids[item]: when for item, when in zip(history.items, history.last.tolist(), strict=True)}
    answers = (
        recommend(model, Query(user_id="u4", repeat=Repeat.ALLOW, limit=100, explain=True)),
        recommend(model, Query(user_id="u4", repeat=Repeat.ONLY, limit=100, explain=True)),
        rank(model, Query(user_id="u4", items=(*bought, "I001"), explain=True)),
    )
    for answer in answers:
        for pick in served_picks(answer):
            assert pick.reason is not None
            assert pick.reason.times_bought == bought.get(pick.item_id)
            if pick.item_id in bought:
                days = (model.recipe.until - last[pick.item_id]) / 86_400
                assert pick.reason.days_since_last == pytest.approx(days, abs=0.01)
            assert pick.item_id not in {cause.item_id for cause in pick.reason.because_of}


def test_a_co_purchase_is_because_of_the_sessions_item_that_it_goes_with(model: Model) -> None:
    query = Query(recent_items=("I001", "I000"), explain=True)
    pick = served_picks(recommend(weighed(model, BY_NEIGHBOURS), query))[0]
    assert (pick.item_id, pick.source) == ("I002", Source.CO_PURCHASE)
    assert pick.reason is not None
    (cause,) = pick.reason.because_of
    assert cause.item_id == "I000"
    assert cause.contribution == pytest.approx(pick.score, rel=0.1)


def test_what_fills_up_a_basket_is_because_of_it_or_because_it_sells(model: Model) -> None:
    basket = Query(items=("I000",), limit=100, explain=True)
    picks = served_picks(cross_sell(model, basket))
    assert {cause.item_id for pick in picks if pick.reason for cause in pick.reason.because_of} == {"I000"}
    for pick in picks:
        assert pick.reason is not None
        assert bool(pick.reason.bought_together) <= (pick.source is Source.CO_PURCHASE)
        if pick.source is Source.POPULAR:
            assert pick.reason.because_of == ()


def test_who_is_not_known_gets_what_sells(model: Model) -> None:
    picks = served_picks(recommend(model, Query(user_id="nobody", explain=True, limit=3)))
    sold = model.popularity.recent[model.popularity.order[:3]]
    assert [pick.reason and pick.reason.sold_recently for pick in picks] == pytest.approx(sold, abs=0.01)

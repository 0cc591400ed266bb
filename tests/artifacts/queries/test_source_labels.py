"""An item's source is what gave most of its score."""

from dataclasses import replace

import numpy as np
import pytest

from artifacts.model.model import Model, open_model
from artifacts.model.recipe import Weights
from artifacts.publishing.store import Store
from artifacts.queries.cross_sell import cross_sell
from artifacts.queries.query import Query, Repeat, Source
from artifacts.queries.rank import rank
from artifacts.queries.recommend import recommend
from artifacts.queries.source_labels import largest_parts
from tests.support.served import ServedPick, served_picks

BALANCED = Weights(als=0.5, newcomers=0.3, popular=0.3, trend=0.2, frequency=2.0)
NOTHING = Weights(als=0, newcomers=0, popular=0, trend=0, frequency=0)


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


def weighed(model: Model, weights: Weights) -> Model:
    return replace(model, recipe=replace(model.recipe, weights=weights))


def sources(picks: tuple[ServedPick, ...]) -> set[Source]:
    return {pick.source for pick in picks}


@pytest.mark.parametrize(
    ("weights", "source"),
    [
        (replace(NOTHING, als=1.0), Source.ALS),
        (replace(NOTHING, newcomers=1.0), Source.ALS),
        (replace(NOTHING, popular=1.0), Source.POPULAR),
        (replace(NOTHING, als=0.01, popular=1.0), Source.POPULAR),
    ],
)
def test_the_only_part_is_the_source(model: Model, weights: Weights, source: Source) -> None:
    shop = weighed(model, weights)
    for query in (Query(user_id="u4", limit=3), Query(user_id="u4", repeat=Repeat.ALLOW, limit=3)):
        assert sources(served_picks(recommend(shop, query))) == {source}
    assert served_picks(rank(shop, Query(user_id="u4", items=("I000", "I002", "I004"))))[0].source is source
    basket = Query(items=("I026",), user_id="u4", limit=3)  # an item nobody bought has no co-purchases
    assert sources(served_picks(cross_sell(shop, basket))) == {source}


def test_what_is_bought_again_and_again_is_there_by_habit(model: Model) -> None:
    shop = weighed(model, replace(BALANCED, frequency=50.0))
    bought = {model.item_ids[item] for item in model.history.of(model.user_ids.find("u4")).items.tolist()}
    everything = served_picks(recommend(shop, Query(user_id="u4", repeat=Repeat.ALLOW, limit=100)))
    assert {pick.item_id for pick in everything if pick.source is Source.HISTORY} == bought
    ranked = served_picks(rank(shop, Query(user_id="u4", items=("I000", "I001", *sorted(bought)))))
    assert {pick.item_id for pick in ranked if pick.source is Source.HISTORY} == bought


def test_what_goes_with_the_sessions_item_is_a_co_purchase(model: Model) -> None:
    first = served_picks(recommend(weighed(model, NOTHING), Query(recent_items=("I000",))))[0]
    assert (first.item_id, first.source) == ("I002", Source.CO_PURCHASE)


@pytest.mark.parametrize("user", range(0, 60, 7))
def test_the_source_has_the_largest_part_of_the_blend(model: Model, user: int) -> None:
    shop, weights = weighed(model, BALANCED), BALANCED
    factors = model.user_factors[user].astype(np.float64)
    unit = factors / np.linalg.norm(factors)
    tastes = weights.als * model.item_factors @ factors + weights.newcomers * model.newcomer_vectors @ unit
    sales = model.item_vectors[:, -2:] @ np.array([weights.popular, weights.trend])
    habit, history = np.zeros(len(model.item_ids)), model.history.of(user)
    habit[history.items] = weights.frequency * history.frequency
    largest = np.array([Source.ALS, Source.POPULAR, Source.HISTORY])[np.argmax([tastes, sales, habit], axis=0)]
    everything = recommend(shop, Query(user_id=model.user_ids[user], repeat=Repeat.ALLOW, limit=100)).scored
    assert len(set(largest.tolist())) == 3
    assert list(everything.sources) == largest[everything.items].tolist()
    assert everything.scores == pytest.approx((tastes + sales + habit)[everything.items], rel=1e-4, abs=1e-5)


def test_a_part_that_gives_nothing_is_never_the_largest(model: Model) -> None:
    items, nothing = np.array([3, 4]), np.zeros(2, np.float32)
    shop = weighed(model, NOTHING)
    parts = largest_parts(shop, items, np.array([-1.0, -2.0], np.float32), nothing, nothing - np.float32(0.5))
    assert set(parts.tolist()) <= {0, 1}

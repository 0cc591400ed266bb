"""What a model trained on the sample shop says of it is the truth that was planted there."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import pytest

from artifacts.model.model import Model
from artifacts.queries.cross_sell import cross_sell
from artifacts.queries.popular import popular
from artifacts.queries.query import Query, Repeat, Source
from artifacts.queries.recommend import recommend
from artifacts.queries.similar import similar
from tests.support.served import ServedPick, served_picks
from training.sample_shop.demand import SEGMENTS
from training.sample_shop.shop import SampleShop

SECONDS_PER_DAY = 86_400


def ids(picks: Iterable[ServedPick]) -> list[str]:
    return [pick.item_id for pick in picks]


@pytest.fixture(scope="module")
def customers(sample_shop: SampleShop, sample_model: Model) -> list[str]:
    """300 customers, drawn from all."""
    known = sorted(user_id for user_id in sample_shop.tastes if sample_model.user_ids.find(user_id) >= 0)
    return [str(user_id) for user_id in np.random.default_rng(0).choice(known, 300, replace=False)]


def test_planted_complements_are_among_the_first_picks_with_lift(sample_shop: SampleShop, sample_model: Model) -> None:
    partners: dict[str, list[str]] = {}
    for pair in sample_shop.complements:
        partners.setdefault(pair.item_id, []).append(pair.partner_id)
    for item_id, expected in partners.items():
        picks = served_picks(cross_sell(sample_model, Query(items=(item_id,), limit=5, explain=True)))
        assert set(expected) <= set(ids(picks)), item_id
        for pick in picks:
            if pick.item_id in expected:
                assert pick.source is Source.CO_PURCHASE
                assert pick.reason is not None
                (together,) = pick.reason.bought_together
                assert together.item_id == item_id
                assert together.lift > 5
                assert together.support >= 10


def test_confidence_is_the_planted_one(sample_shop: SampleShop, sample_model: Model) -> None:
    found, planted = [], []
    for pair in sample_shop.complements:
        entries = sample_model.co_purchases.row(sample_model.item_ids.find(pair.item_id))
        partner = sample_model.item_ids.find(pair.partner_id)
        place = entries.start + int(np.flatnonzero(sample_model.co_purchases.items[entries] == partner)[0])
        found.append(float(sample_model.co_purchases.confidence[place]))
        planted.append(pair.confidence)
    assert np.mean(found) == pytest.approx(np.mean(planted), rel=0.1)
    assert np.corrcoef(found, planted)[0, 1] > 0.5


def due(shop: SampleShop, model: Model) -> Iterator[tuple[str, str]]:
    """(user_id, item_id) of consumables bought four times or more, for whom the planted interval is just over."""
    history = model.history
    for user_id in shop.tastes:
        user_index = model.user_ids.find(user_id)
        row = history.row(user_index) if user_index >= 0 else slice(0, 0)
        for entry in range(row.start, row.stop):
            item_id = model.item_ids[int(history.items[entry])]
            interval = shop.consumables.get(item_id)
            since = (model.recipe.until - int(history.last[entry])) / SECONDS_PER_DAY
            if interval and history.times_bought[entry] >= 4 and 0.8 * interval <= since <= 1.3 * interval:
                yield user_id, item_id


def test_consumables_are_offered_again_to_whom_they_are_due(sample_shop: SampleShop, sample_model: Model) -> None:
    cases = list(islice(due(sample_shop, sample_model), 200))
    assert len(cases) > 50
    found = [
        item_id in ids(served_picks(recommend(sample_model, Query(user_id=user_id, repeat=Repeat.ONLY, limit=3))))
        for user_id, item_id in cases
    ]
    assert np.mean(found) > 0.9


def test_buy_again_is_led_by_consumables(sample_shop: SampleShop, sample_model: Model, customers: list[str]) -> None:
    """They are a third of what is in the customers' histories, or less."""
    firsts = [
        picks[0].item_id
        for user_id in customers
        if (picks := served_picks(recommend(sample_model, Query(user_id=user_id, repeat=Repeat.ONLY, limit=1))))
    ]
    owned = [
        sample_model.item_ids[int(item)]
        for user_id in customers
        for item in sample_model.history.items[sample_model.history.row(sample_model.user_ids.find(user_id))]
    ]
    share = np.mean([item_id in sample_shop.consumables for item_id in firsts])
    chance = np.mean([item_id in sample_shop.consumables for item_id in owned])
    assert share > 2 * chance


def test_what_rises_is_more_popular_than_what_falls(sample_shop: SampleShop, sample_model: Model) -> None:
    everything = ids(served_picks(popular(sample_model, Query(limit=len(sample_model.item_ids)))))
    place = {item_id: number for number, item_id in enumerate(everything)}
    rising = [place[item_id] for item_id in sample_shop.rising if item_id in place]
    falling = [place[item_id] for item_id in sample_shop.falling if item_id in place]
    assert max(rising) < min(falling)
    assert max(rising) < 0.1 * len(everything)


def test_what_was_never_sold_comes_last(sample_shop: SampleShop, sample_model: Model) -> None:
    everything = ids(served_picks(popular(sample_model, Query(limit=len(sample_model.item_ids)))))
    assert set(everything[-len(sample_shop.unsold) :]) == set(sample_shop.unsold)


def test_what_is_not_available_is_nowhere(sample_shop: SampleShop, sample_model: Model, customers: list[str]) -> None:
    gone = set(sample_shop.unavailable)
    assert gone <= {sample_model.item_ids[index] for index in range(len(sample_model.item_ids))}
    everything = Query(limit=len(sample_model.item_ids))
    assert not gone & set(ids(served_picks(popular(sample_model, everything))))
    for user_id in customers[:30]:
        for repeat in Repeat:
            query = Query(user_id=user_id, repeat=repeat, limit=200)
            assert not gone & set(ids(served_picks(recommend(sample_model, query))))
    for item_id in [pair.item_id for pair in sample_shop.complements[:10]] + list(gone):
        query = Query(items=(item_id,), limit=200)
        assert not gone & set(ids(served_picks(cross_sell(sample_model, query))))
        assert not gone & set(ids(served_picks(similar(sample_model, query))))


def test_customers_are_recommended_what_is_to_their_taste(
    sample_shop: SampleShop, sample_model: Model, customers: list[str]
) -> None:
    """By chance one pick in five would be from the two or three categories that a segment buys from."""
    hits = [
        pick.category in SEGMENTS[sample_shop.tastes[user_id]]
        for user_id in customers
        for pick in served_picks(recommend(sample_model, Query(user_id=user_id)))
    ]
    popular_hits = [
        pick.category in SEGMENTS[sample_shop.tastes[user_id]]
        for user_id in customers
        for pick in served_picks(popular(sample_model, Query()))
    ]
    assert np.mean(hits) > 0.5
    assert np.mean(hits) > 1.7 * np.mean(popular_hits)


def test_the_bot_is_no_user(sample_shop: SampleShop, sample_model: Model) -> None:
    assert [sample_model.user_ids.find(user_id) for user_id in sample_shop.bots] == [-1]

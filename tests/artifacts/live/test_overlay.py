"""What the live store tells of items, laid over a version: the answers are those of a version trained on it."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.live.events import ItemEvent
from artifacts.live.items import LiveItem
from artifacts.live.overlay import Overlay, no_changes
from artifacts.model.half_lives import RECENT_DAYS, SECONDS_PER_DAY
from artifacts.model.model import Model, open_model
from artifacts.model.unseen import UnseenItem
from artifacts.publishing.store import Store
from artifacts.queries.answer import Answer
from artifacts.queries.cross_sell import cross_sell
from artifacts.queries.popular import popular
from artifacts.queries.query import Filters, Query, Repeat
from artifacts.queries.rank import rank
from artifacts.queries.recommend import recommend
from artifacts.queries.similar import similar
from service.recommendations.answers import answer_bytes
from tests.support.events import START, Event, as_dataset, basket
from tests.support.served import served_picks
from training.config import ModelSettings
from training.fitting.history import build_history
from training.fitting.popularity import count_popularity

HALF_LIFE = RECENT_DAYS * SECONDS_PER_DAY  # of what sells now
ALL = 100
EVERY_PATH: dict[str, Callable[[Model], Answer]] = {
    "user": lambda model: recommend(model, Query(user_id="u3", limit=ALL, repeat=Repeat.ALLOW)),
    "buy it again": lambda model: recommend(model, Query(user_id="u3", limit=ALL, repeat=Repeat.ONLY)),
    "session": lambda model: recommend(model, Query(recent_items=("I009",), limit=ALL, repeat=Repeat.ALLOW)),
    "nobody": lambda model: recommend(model, Query(user_id="nobody", limit=ALL)),
    "cross-sell": lambda model: cross_sell(model, Query(items=("I009",), limit=ALL)),
    "basket": lambda model: cross_sell(model, Query(items=("I009", "I011"), user_id="u4", limit=ALL)),
    "similar": lambda model: similar(model, Query(items=("I009",), limit=ALL)),
    "popular": lambda model: popular(model, Query(limit=ALL)),
}


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


def laid(model: Model, *items: LiveItem, events: Sequence[ItemEvent] = ()) -> Model:
    """The version with changes, all told at once; and told one by one it is the same."""
    at_once, one_by_one = Overlay(model, no_changes(model)), Overlay(model, no_changes(model))
    at_once.add(items, events, up_to=9)
    for item in items:
        one_by_one.add([item], [], up_to=1)
    for event in events:
        one_by_one.add([], [event], up_to=1)
    from_the_start = Overlay(model, at_once.since_training)
    for other in (one_by_one, from_the_start):
        assert_alike(at_once.model, other.model)
    return at_once.model


def assert_alike(one: Model, other: Model) -> None:
    for query in (Query(limit=ALL), Query(limit=ALL, filters=Filters(in_stock=False))):
        assert served_picks(popular(one, query)) == served_picks(popular(other, query))
        assert answered(popular(one, query)) == answered(popular(other, query))
    assert one.unseen == other.unseen


def answered(answer: Answer) -> list[dict[str, object]]:
    """The items as they are sent."""
    items: list[dict[str, object]] = json.loads(answer_bytes(answer, "r", "v", None))["items"]
    return items


def ids(answer: Answer) -> list[str]:
    found = [pick.item_id for pick in served_picks(answer)]
    assert found == [item["item_id"] for item in answered(answer)]
    return found


def of(answer: Answer, item_id: str) -> dict[str, object]:
    """What is sent of an item, which is what its pick says."""
    (sent,) = [item for item in answered(answer) if item["item_id"] == item_id]
    (pick,) = [pick for pick in served_picks(answer) if pick.item_id == item_id]
    for name in ("title", "category", "price", "image_url", "product_url"):
        assert sent.get(name) == getattr(pick, name)
    return sent


def sale(item_id: str, time: float, kind: str = "purchase") -> ItemEvent:
    return ItemEvent(1, item_id, kind, time, None)


# Stock


def test_where_nothing_is_told_the_version_is_the_very_same(model: Model) -> None:
    overlay = Overlay(model, no_changes(model))
    assert overlay.model is model
    overlay.add([], [], up_to=7)
    overlay.add([], [sale("I001", 1.0, "view"), sale("nowhere", 1.0)], up_to=8)
    assert overlay.model is model
    assert overlay.since_training.up_to == 8


@pytest.mark.parametrize("path", EVERY_PATH)
def test_what_is_sold_out_is_gone_and_what_is_back_is_there(model: Model, path: str) -> None:
    ask = EVERY_PATH[path]
    assert "I005" not in ids(ask(model)), "not available as trained"
    gone = next(item_id for item_id in ids(ask(model)) if item_id not in {"I009", "I011"})
    changed = laid(model, LiveItem(gone, available=False), LiveItem("I005", available=True))
    assert gone not in ids(ask(changed))
    if path != "buy it again":
        assert "I005" in ids(ask(changed))
    assert gone in ids(ask(laid(changed, LiveItem(gone, available=True))))
    back = laid(model, LiveItem(gone, available=False), LiveItem(gone, available=None))
    assert ids(ask(back)) == ids(ask(model))


def test_rank_keeps_what_is_sold_out_and_flags_it(model: Model) -> None:
    query = Query(user_id="u3", items=("I001", "I005", "I007"), limit=3)
    changed = rank(laid(model, LiveItem("I001", available=False), LiveItem("I005", available=True)), query)
    assert ids(changed) == ids(rank(model, query))
    flags = {item["item_id"]: item["available"] for item in answered(changed)}
    assert flags == {"I001": False, "I005": True, "I007": True}
    assert {pick.item_id: pick.available for pick in served_picks(changed)} == flags


def test_stock_is_no_matter_where_it_is_not_asked_for(model: Model) -> None:
    query = Query(limit=ALL, filters=Filters(in_stock=False))
    assert ids(popular(laid(model, LiveItem("I001", available=False)), query)) == ids(popular(model, query))


# Prices and texts


def test_filters_go_by_the_new_price(model: Model) -> None:
    changed = laid(model, LiveItem("I002", price=500.0))
    dear = Query(limit=ALL, filters=Filters(min_price=400.0))
    assert ids(popular(model, dear)) == []
    assert ids(popular(changed, dear)) == ["I002"]
    assert of(popular(changed, dear), "I002")["price"] == 500.0
    assert "I002" not in ids(popular(changed, Query(limit=ALL, filters=Filters(max_price=400.0))))
    assert ids(popular(laid(changed, LiveItem("I002", price=None)), dear)) == ["I002"], "as the version below has it"
    assert ids(popular(laid(model, LiveItem("I002", price=500.0), LiveItem("I002", price=None)), dear)) == []


def test_filters_go_by_the_new_category_which_may_be_a_new_one(model: Model) -> None:
    changed = laid(model, LiveItem("I002", category="Öfen"), LiveItem("I004", category="odd"))
    named = {
        name: ids(popular(changed, Query(limit=ALL, filters=Filters((name,))))) for name in ("Öfen", "odd", "even")
    }
    assert named["Öfen"] == ["I002"]
    assert "I004" in named["odd"]
    assert not {"I002", "I004"} & set(named["even"])
    before = {name: set(ids(popular(model, Query(limit=ALL, filters=Filters((name,)))))) for name in ("odd", "even")}
    assert set(named["odd"]) == before["odd"] | {"I004"}
    assert set(named["even"]) == before["even"] - {"I002", "I004"}
    assert of(popular(changed, Query(limit=ALL)), "I002")["category"] == "Öfen"
    taken_back = laid(model, LiveItem("I002", category="Öfen"), LiveItem("I002"))
    assert ids(popular(taken_back, Query(limit=ALL, filters=Filters(("even",))))) == ids(
        popular(model, Query(limit=ALL, filters=Filters(("even",))))
    )


def test_an_item_of_no_category_gets_one_and_loses_it(model: Model) -> None:
    catalogue = model.catalogue
    bare = replace(model, catalogue=replace(catalogue, category=np.full_like(catalogue.category, -1)))
    query = Query(limit=ALL, filters=Filters(("new",)))
    assert ids(popular(laid(bare, LiveItem("I002", category="new")), query)) == ["I002"]
    assert ids(popular(laid(bare, LiveItem("I002", category="new"), LiveItem("I002", price=1.0)), query)) == []


@pytest.mark.parametrize("path", ["user", "similar", "popular"])
def test_new_texts_are_shown_and_the_others_kept(model: Model, path: str) -> None:
    ask = EVERY_PATH[path]
    first, *rest = ids(ask(model))
    before = of(ask(model), first)
    changed = laid(model, LiveItem(first, title='Mug "Zoë" \U0001f600', image_url=""))
    after = of(ask(changed), first)
    assert after["title"] == 'Mug "Zoë" \U0001f600'
    assert "image_url" not in after
    assert after["product_url"] == before["product_url"]
    assert of(ask(changed), rest[0]) == of(ask(model), rest[0])
    again = laid(
        model, LiveItem(first, title="A"), LiveItem(first, title="B", product_url="p"), LiveItem(first, price=2.0)
    )
    assert of(ask(again), first) == {**before, "price": 2.0}


def test_reasons_name_the_new_title(model: Model) -> None:
    bought = ids(EVERY_PATH["buy it again"](model))
    changed = laid(model, *(LiveItem(item_id, title=f"New {item_id}") for item_id in bought))
    reason = served_picks(recommend(changed, Query(user_id="u3", explain=True)))[0].reason
    assert reason is not None
    assert {cause.title for cause in reason.because_of if cause.item_id in bought} <= {f"New {item}" for item in bought}
    assert any(cause.item_id in bought for cause in reason.because_of)


# What sells now


def test_what_sells_most_comes_first_and_is_explained(model: Model) -> None:
    last = ids(popular(model, Query(limit=ALL)))[-1]
    until = float(model.recipe.until)
    changed = laid(model, events=[sale(last, until)] * 50)
    answer = popular(changed, Query(limit=ALL, explain=True))
    assert ids(answer)[0] == last
    assert served_picks(answer)[0].score == pytest.approx(50 + score_of(model, last))
    reason = served_picks(answer)[0].reason
    assert reason is not None
    assert reason.sold_recently == pytest.approx(served_picks(answer)[0].score, abs=0.01)
    assert ids(recommend(changed, Query(user_id="nobody", limit=3)))[0] == last


def score_of(model: Model, item_id: str) -> float:
    return float(model.popularity.recent[model.item_ids.find(item_id)])


def test_sales_halve_with_every_half_life_up_to_the_last_sale(model: Model) -> None:
    until = float(model.recipe.until)
    changed = laid(
        model, events=[sale("I001", until + HALF_LIFE), sale("I001", until), sale("I003", until - HALF_LIFE)]
    )
    assert score_of(changed, "I001") == pytest.approx((score_of(model, "I001") + 1) / 2 + 1)
    assert score_of(changed, "I003") == pytest.approx((score_of(model, "I003") + 0.5) / 2)
    assert score_of(changed, "I007") == pytest.approx(score_of(model, "I007") / 2)


def test_live_sales_decay_as_those_that_are_trained_on(model: Model) -> None:
    def counted(events: Sequence[Event]) -> Model:
        dataset = as_dataset(events, unsold=["c"])
        popularity = count_popularity(dataset, build_history(dataset, ModelSettings())[0])
        recipe = replace(model.recipe, until=dataset.until)
        return replace(model, item_ids=dataset.item_ids, popularity=popularity, recipe=recipe)

    before = [*basket(1, "a", day=0), *basket(2, "a", "b", day=9), *basket(3, "b", day=20)]
    since = [*basket(4, "a", day=18), *basket(5, "a", day=31), *basket(6, "c", day=52)]
    live = [sale(event.item, START.replace(tzinfo=UTC).timestamp() + event.day * SECONDS_PER_DAY) for event in since]
    changed = laid(counted(before), events=live)
    assert changed.popularity.recent == pytest.approx(counted([*before, *since]).popularity.recent, rel=1e-5)


def test_a_version_of_long_ago_can_be_laid_over(model: Model) -> None:
    """A purchase of today counts 2^400 of one of fifteen years ago, which float32 cannot hold."""
    old = replace(model, recipe=replace(model.recipe, until=model.recipe.until - 400 * int(HALF_LIFE)))
    changed = laid(old, events=[sale("I001", float(model.recipe.until))])
    assert score_of(changed, "I001") == pytest.approx(1)
    assert np.isfinite(changed.popularity.recent).all()


@pytest.mark.parametrize("half_lives", [500, 900, 1_100, 1_500, 3_000])
def test_a_version_of_very_long_ago_can_be_laid_over(model: Model, half_lives: int) -> None:
    """Beyond 2^1024 no float holds what a purchase of today counts: data that ends before 1987, and one purchase."""
    now = float(model.recipe.until)
    old = replace(model, recipe=replace(model.recipe, until=model.recipe.until - half_lives * int(HALF_LIFE)))
    changed = laid(old, events=[sale("I001", now - HALF_LIFE), sale("I001", now), sale("I003", now - 2 * HALF_LIFE)])
    assert score_of(changed, "I001") == pytest.approx(1.5)
    assert score_of(changed, "I003") == pytest.approx(0.25)
    assert np.isfinite(changed.popularity.recent).all()


def test_only_purchases_sell(model: Model) -> None:
    kinds = ("view", "cart", "click", "return")
    changed = laid(model, events=[sale("I001", float(model.recipe.until), kind) for kind in kinds])
    assert changed.popularity is model.popularity


def test_items_that_sell_alike_keep_the_versions_order(model: Model) -> None:
    flat = replace(model, popularity=replace(model.popularity, recent=np.zeros(len(model.item_ids), np.float32)))
    order = [model.item_ids[index] for index in model.popularity.order.tolist()]
    moved = [order[20], order[3], order[11]]
    changed = laid(flat, events=[sale(item_id, float(model.recipe.until)) for item_id in moved])
    expected = [order[3], order[11], order[20]] + [item_id for item_id in order if item_id not in moved]
    assert [model.item_ids[index] for index in changed.popularity.order.tolist()] == expected


@given(st.lists(st.tuples(st.integers(0, 26), st.integers(-40 * 86_400, 40 * 86_400)), max_size=30))
def test_any_sales_leave_all_items_ordered_by_them(tiny_store: Store, sold: list[tuple[int, int]]) -> None:
    model = open_model(tiny_store.current_path())
    until = model.recipe.until
    changed = laid(model, events=[sale(model.item_ids[item], float(until + age)) for item, age in sold])
    moment = max([until, *(until + age for _, age in sold)])
    recent = model.popularity.recent * math.exp2((until - moment) / HALF_LIFE)
    for item, age in sold:
        recent[item] += math.exp2((until + age - moment) / HALF_LIFE)
    assert changed.popularity.recent == pytest.approx(recent, rel=1e-4, abs=1e-6)
    assert sorted(changed.popularity.order.tolist()) == list(range(len(model.item_ids)))
    assert (np.diff(changed.popularity.recent[changed.popularity.order]) <= 0).all()


# Items that training has not seen


def unseen(model: Model) -> list[str]:
    return [item.item_id for item in model.unseen]


def test_unseen_items_stand_by_their_demand(model: Model) -> None:
    until = float(model.recipe.until)
    items = [LiveItem(name, price=1.0) for name in ("n1", "n2", "n3", "n4", "n5")]
    events = [
        *[sale("n4", until), sale("n4", until), sale("n2", until)],
        *[sale("n5", until, "view"), sale("n5", until, "cart"), sale("n3", until, "click")],
        *[sale("n1", until, "return"), sale("nowhere", until)],
    ]
    assert unseen(laid(model, *items, events=events)) == ["n4", "n2", "n5", "n3", "n1"]
    late = [sale("n2", until + 3 * HALF_LIFE)]
    assert unseen(laid(model, *items, events=events + late))[:2] == ["n2", "n4"], "two sales of six weeks ago are less"
    assert unseen(laid(model, LiveItem("I001", title="known"))) == []


def test_an_unseen_item_is_as_the_shop_says(model: Model) -> None:
    since_training = LiveItem("n1", title="Mug", price=3.5, category="Cups", image_url="i", product_url="p")
    assert laid(model, since_training).unseen == (
        UnseenItem(
            item_id="n1",
            available=True,
            category="Cups",
            price=3.5,
            shown={"title": "Mug", "price": 3.5, "category": "Cups", "image_url": "i", "product_url": "p"},
        ),
    )
    (gone,) = laid(model, since_training, since_training._replace(available=False, price=None, title="")).unseen
    assert (gone.available, gone.price) == (False, None)
    assert gone.shown == {"category": "Cups", "image_url": "i", "product_url": "p"}


def test_the_version_below_is_left_as_it_is(model: Model) -> None:
    everything: Iterable[LiveItem] = (
        LiveItem(model.item_ids[index], False, 9.0, "t", "c", "i", "p") for index in range(len(model.item_ids))
    )
    before = answered(popular(model, Query(limit=ALL)))
    laid(model, *everything, events=[sale("I020", float(model.recipe.until))])
    assert answered(popular(model, Query(limit=ALL))) == before

"""What a version says of its items: no price that is none, whatever an old one holds; categories by their levels."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import pytest

from artifacts.live.items import LiveItem
from artifacts.live.overlay import Overlay, no_changes
from artifacts.model.categories import as_categories
from artifacts.model.ids import encode_ids, encode_texts
from artifacts.model.model import Model, open_model
from artifacts.model.unseen import UnseenItem
from artifacts.publishing.store import Store
from artifacts.queries.eligibility import eligible_items
from artifacts.queries.popular import popular
from artifacts.queries.query import Filters, Query
from artifacts.queries.recommend import recommend
from tests.support.versions import copy_of, publish_again

BAD = {1: -5.0, 2: float("inf"), 3: float("-inf")}


def npy(array: npt.NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.fixture
def old(tiny_store: Store, tmp_path: Path) -> Model:
    """A version as it was written before prices were looked at."""
    model = open_model(tiny_store.current_path())
    price = model.catalogue.price.copy()
    price[list(BAD)] = list(BAD.values())
    shown = [orjson.loads(b"{%s}" % model.shown.encoded(item)) for item in range(len(model.item_ids))]
    for item, wrong in BAD.items():
        shown[item]["price"] = wrong  # infinity is written as null
    texts = encode_texts(orjson.dumps(one)[1:-1].decode() for one in shown)
    store = copy_of(tiny_store, tmp_path / "store")
    files = {
        "catalogue.price.npy": npy(price),
        "items.shown.offsets.npy": npy(texts.offsets),
        "items.shown.data.npy": npy(texts.data),
    }
    publish_again(store, 1, files)
    return open_model(store.current_path())


def test_an_old_versions_answers_show_no_price_that_is_none(old: Model, tiny_store: Store) -> None:
    opened = open_model(tiny_store.current_path())
    for item in range(len(old.item_ids)):
        said, before = (orjson.loads(b"{%s}" % model.shown.encoded(item)) for model in (old, opened))
        assert said == ({key: before[key] for key in before if key != "price"} if item in BAD else before)
        assert ("price" in old.catalogue.describe(item)) == (item not in BAD)


def test_no_filter_on_prices_finds_them(old: Model) -> None:
    for filters in (Filters(min_price=0.0), Filters(max_price=1e9), Filters(max_price=-1.0)):
        assert not eligible_items(old, replace(filters, in_stock=False))[list(BAD)].any()


@pytest.mark.parametrize("price", [-5.0, float("inf"), float("nan")])
def test_what_the_live_store_says_is_shown_only_where_it_is_a_price(tiny_store: Store, price: float) -> None:
    model = open_model(tiny_store.current_path())
    overlay = Overlay(model, no_changes(model))
    overlay.add([LiveItem("I004", price=price), LiveItem("new", price=price)], [], up_to=2)
    place = model.item_ids.find("I004")
    assert overlay.model.shown.encoded(place) == model.shown.encoded(place)
    assert overlay.model.catalogue.price[place] == model.catalogue.price[place]
    assert (overlay.model.unseen[0].price, overlay.model.unseen[0].shown) == (None, {})


@pytest.fixture
def nested(tiny_store: Store) -> Model:
    """Even items are in Toys > Cars, odd ones in Toys > Dolls and in Gifts; item 0 is in none."""
    model = open_model(tiny_store.current_path())
    names = as_categories(encode_ids(["Toys > Cars", "Toys > Dolls|Gifts"]))
    category = (np.arange(len(model.item_ids)) % 2).astype(np.int32)
    category[0] = -1
    return replace(model, catalogue=replace(model.catalogue, categories=names, category=category))


@pytest.mark.parametrize(
    ("names", "odds", "evens"),
    [
        (("Toys",), True, True),
        (("Cars",), False, True),
        (("Toys > Dolls",), True, False),
        (("Gifts",), True, False),
        (("Gifts", "Cars"), True, True),
        (("Toys > Dolls|Gifts",), True, False),
        (("toys",), False, False),
    ],
)
def test_a_filter_matches_any_level(nested: Model, names: tuple[str, ...], odds: bool, evens: bool) -> None:
    mask = eligible_items(nested, Filters(categories=names, in_stock=False))
    assert not mask[0]
    assert mask[1::2].tolist() == [odds] * len(mask[1::2])
    assert mask[2::2].tolist() == [evens] * len(mask[2::2])


def test_all_kinds_of_answers_filter_alike(nested: Model) -> None:
    gifts = Filters(categories=("Gifts",))
    for answer in (
        popular(nested, Query(limit=9, filters=gifts)),
        recommend(nested, Query("u2", limit=9, filters=gifts)),
    ):
        assert len(answer.scored.items)
        assert (answer.scored.items % 2 == 1).all()


def test_an_unseen_item_is_within_its_levels_too(nested: Model) -> None:
    fresh = replace(nested, unseen=(UnseenItem("new", True, "Toys > Dolls|Gifts", None, {}),))
    for name, found in (("Gifts", 1), ("Toys", 1), ("Cars", 0)):
        query = Query("u2", limit=4, explore=1.0, filters=Filters(categories=(name,)))
        assert len(recommend(fresh, query).explored) == found


def test_a_category_that_the_live_store_gives_is_found_by_its_levels(nested: Model) -> None:
    overlay = Overlay(nested, no_changes(nested))
    overlay.add([LiveItem("I000", category="Home > Garden")], [], up_to=1)
    assert np.flatnonzero(eligible_items(overlay.model, Filters(categories=("Home",), in_stock=False))).tolist() == [0]
    assert eligible_items(overlay.model, Filters(categories=("Gifts",), in_stock=False)).any()

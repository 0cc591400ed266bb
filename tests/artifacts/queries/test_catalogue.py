"""Pages of the catalogue: each item once, in order, whatever was trained and whatever came after."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.model.ids import encode_ids
from artifacts.model.model import Model, open_model
from artifacts.model.unseen import UnseenItem
from artifacts.publishing.store import Store
from artifacts.queries.catalogue import find_item, list_items
from artifacts.queries.query import Filters

EVERYTHING = Filters(in_stock=False)
ids = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def tiny(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


def unseen(item_id: str, *, available: bool = True) -> UnseenItem:
    return UnseenItem(item_id, available, None, None, {"title": f"New {item_id}"})


@given(st.data())
def test_pages_hold_each_item_once_in_the_order_of_its_bytes(tiny: Model, data: st.DataObject) -> None:
    n_items = len(tiny.item_ids)
    trained = data.draw(st.lists(ids, min_size=n_items, max_size=n_items, unique=True))
    new = data.draw(st.lists(ids.filter(lambda text: text not in trained), max_size=8, unique=True))
    ordered = sorted(trained, key=str.encode)
    model = replace(tiny, item_ids=encode_ids(ordered), unseen=tuple(map(unseen, new)))
    limit = data.draw(st.integers(1, 40))
    found: list[str] = []
    after = None
    while True:
        page = list_items(model, EVERYTHING, after, limit)
        found += [item.item_id for item in page.items]
        if not page.more:
            break
        assert len(page.items) == limit
        after = found[-1]
    assert found == sorted([*trained, *new], key=str.encode)


@given(ids)
def test_a_page_begins_behind_an_id_be_it_one_or_not(tiny: Model, after: str) -> None:
    page = list_items(tiny, EVERYTHING, after, 100)
    everything = [tiny.item_ids[index] for index in range(len(tiny.item_ids))]
    assert [item.item_id for item in page.items] == [one for one in everything if one.encode() > after.encode()]


def test_new_items_pass_the_filters_too(tiny: Model) -> None:
    model = replace(tiny, unseen=(unseen("A-new"), unseen("B-gone", available=False)))
    assert [item.item_id for item in list_items(model, Filters(), None, 2).items] == ["A-new", "I000"]
    assert [item.item_id for item in list_items(model, EVERYTHING, None, 2).items] == ["A-new", "B-gone"]
    gone = find_item(model, "B-gone")
    assert gone is not None
    assert (gone.available, gone.shown) == (False, {"title": "New B-gone"})
    assert find_item(model, "C") is None

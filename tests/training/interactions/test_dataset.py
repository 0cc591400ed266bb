import numpy as np
import pytest

from artifacts.model.ids import IdTable
from tests.support.events import START, Event, as_dataset
from training.interactions.dataset import GUEST, Dataset


def ids(table: IdTable) -> list[str]:
    return [table[index] for index in range(len(table))]


def as_events(dataset: Dataset) -> set[tuple[str | None, str, float, bool]]:
    return {
        (
            None if user == GUEST else dataset.user_ids[user],
            dataset.item_ids[item],
            (time - int(START.timestamp())) / 86_400,
            bool(purchase),
        )
        for user, item, time, purchase in zip(
            dataset.user.tolist(), dataset.item.tolist(), dataset.time.tolist(), dataset.purchase, strict=True
        )
    }


@pytest.fixture
def events() -> list[Event]:
    return [
        Event("u10", "é", "b2", day=2, price=2.5),
        Event("u9", "b", "b1", day=1),
        Event(None, "b", "b3", day=3),
        Event("u9", "a", "b1", day=1, event="view"),
        Event("u9", "Z", "b10", day=0, event="cart"),
    ]


def test_every_event_keeps_its_user_item_time_and_kind(events: list[Event]) -> None:
    expected = {(event.user, event.item, event.day, event.event == "purchase") for event in events}
    assert as_events(as_dataset(events)) == expected


def test_ids_are_numbered_in_the_order_of_their_bytes(events: list[Event]) -> None:
    dataset = as_dataset(events)
    assert ids(dataset.user_ids) == ["u10", "u9"]
    assert ids(dataset.item_ids) == ["Z", "a", "b", "é"]
    assert (dataset.n_users, dataset.n_items) == (2, 4)


def test_events_are_in_the_order_of_time_and_the_newest_is_now(events: list[Event]) -> None:
    dataset = as_dataset(events)
    assert np.all(np.diff(dataset.time) >= 0)
    assert dataset.until == int(START.timestamp()) + 3 * 86_400


def test_the_order_of_rows_does_not_matter(events: list[Event]) -> None:
    one, other = as_dataset(events), as_dataset(reversed(events))
    for field in ("user", "item", "basket", "time", "weight", "purchase", "price"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def test_a_basket_has_one_number_and_others_have_others(events: list[Event]) -> None:
    dataset = as_dataset(events)
    number = {
        (START.timestamp() + day * 86_400): set(
            dataset.basket[dataset.time == int(START.timestamp()) + day * 86_400].tolist()
        )
        for day in range(4)
    }
    assert [len(numbers) for numbers in number.values()] == [1, 1, 1, 1]
    assert sorted(set.union(*number.values())) == [0, 1, 2, 3]


def test_items_nobody_bought_are_numbered_too(events: list[Event]) -> None:
    dataset = as_dataset(events, unsold=["new", "a"])
    assert ids(dataset.item_ids) == ["Z", "a", "b", "new", "é"]
    assert dataset.item_ids.find("new") not in dataset.item.tolist()


def test_weights_and_prices(events: list[Event]) -> None:
    dataset = as_dataset(events)
    weight = {
        dataset.item_ids[item]: weight for item, weight in zip(dataset.item, dataset.weight.tolist(), strict=True)
    }
    assert weight == {"Z": np.float32(0.3), "a": np.float32(0.1), "b": 1.0, "é": 1.0}
    price = {dataset.item_ids[item]: price for item, price in zip(dataset.item, dataset.price.tolist(), strict=True)}
    assert price["é"] == 2.5
    assert np.isnan(price["Z"])


def test_dtypes_are_as_stated(events: list[Event]) -> None:
    dataset = as_dataset(events)
    dtypes = [
        getattr(dataset, name).dtype for name in ("user", "item", "basket", "time", "weight", "purchase", "price")
    ]
    assert dtypes == [np.int32, np.int32, np.int64, np.int64, np.float32, np.bool_, np.float32]


def test_guests_alone_are_no_users() -> None:
    dataset = as_dataset([Event(None, "a", "b1"), Event(None, "b", "b1")])
    assert dataset.n_users == 0
    assert dataset.user.tolist() == [GUEST, GUEST]
    assert dataset.basket.tolist() == [0, 0]

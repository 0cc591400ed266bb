import numpy as np
import pytest

from artifacts.model.half_lives import RECENT_DAYS
from artifacts.model.model import Popularity
from tests.support.events import Event, as_dataset, basket
from training.config import ModelSettings
from training.fitting.history import build_history
from training.fitting.popularity import TREND_DAYS, count_popularity, popularity_columns, typical_gap_days
from training.interactions.dataset import Dataset


def count(dataset: Dataset) -> Popularity:
    return count_popularity(dataset, build_history(dataset, ModelSettings())[0])


def by_item(dataset: Dataset, values: np.ndarray) -> dict[str, float]:
    return {dataset.item_ids[item]: value for item, value in enumerate(values.tolist())}


def test_overall_counts_baskets_of_guests_too_and_an_items_lines_once() -> None:
    dataset = as_dataset(
        [*basket(1, "a", "b", user="u"), *basket(2, "a"), Event("u", "a", "b1", price=1.0), *basket(3, "b", user="v")],
        unsold=["z"],
    )
    assert by_item(dataset, count(dataset).overall) == {"a": 2, "b": 2, "z": 0}


def test_looks_do_not_sell() -> None:
    dataset = as_dataset(
        [Event("u", "a", "b1"), Event("u", "b", "b2", event="view"), Event("v", "b", "b3", event="cart")]
    )
    assert by_item(dataset, count(dataset).overall) == {"a": 1, "b": 0}


def test_recent_sales_decay() -> None:
    dataset = as_dataset(
        [*basket(1, "a", day=2 * RECENT_DAYS), *basket(2, "a", day=RECENT_DAYS), *basket(3, "b", day=0)]
    )
    assert by_item(dataset, count(dataset).recent) == pytest.approx({"a": 1.5, "b": 0.25})


def test_best_sellers_of_now_come_first_then_of_ever_then_by_index() -> None:
    dataset = as_dataset(
        [
            *basket(1, "old", day=0),
            *basket(2, "old", day=0),
            *basket(3, "old", day=0),
            *basket(4, "now", day=200),
            *basket(5, "now", day=200),
            *basket(6, "also now", day=200),
        ],
        unsold=["z", "y"],
    )
    order = [dataset.item_ids[item] for item in count(dataset).order.tolist()]
    assert order == ["now", "also now", "old", "y", "z"]


def test_trend_compares_the_last_weeks_with_those_before() -> None:
    """log((1 + 3) / (1 + 0)) / 4 for what sells now; the opposite for what sold before."""
    dataset = as_dataset(
        [
            *(event for number in range(3) for event in basket(number, "up", day=TREND_DAYS + 10)),
            *(event for number in range(3, 6) for event in basket(number, "down", day=5)),
            *basket(6, "steady", day=5),
            *basket(7, "steady", day=TREND_DAYS + 10),
            *basket(8, "long ago", day=-100),
        ]
    )
    trend = by_item(dataset, count(dataset).trend)
    expected = float(np.log(4) / 4)
    assert trend == pytest.approx({"up": expected, "down": -expected, "steady": 0, "long ago": 0})


def test_repeat_rate_is_a_share_of_buyers_shrunk_towards_the_shops() -> None:
    """Two of three buyers came back for the beans, none of one for the machine: the shop's share is a half."""
    dataset = as_dataset(
        [
            *(event for user in "uvw" for event in basket(ord(user), "beans", user=user, day=0)),
            *(event for user in "uv" for event in basket(200 + ord(user), "beans", user=user, day=9)),
            *basket(1, "machine", user="u", day=3),
        ]
    )
    shop = 2 / 4
    assert by_item(dataset, count(dataset).repeat_rate) == pytest.approx(
        {"beans": (2 + 10 * shop) / 13, "machine": (0 + 10 * shop) / 11}
    )


def test_columns_are_scaled_to_the_best_seller() -> None:
    dataset = as_dataset([*basket(1, "a", "b"), *basket(2, "a"), *basket(3, "a")], unsold=["z"])
    columns = popularity_columns(count(dataset))
    assert columns.dtype == np.float32
    assert by_item(dataset, columns[:, 0]) == pytest.approx({"a": 1, "b": np.log(2) / np.log(4), "z": 0})


@pytest.mark.parametrize("event", ["view", "purchase"])
def test_columns_are_finite_where_nothing_was_sold(event: str) -> None:
    dataset = as_dataset([Event("u", "a", "b1", event=event)], unsold=["z"])
    assert np.isfinite(popularity_columns(count(dataset))).all()
    assert np.isfinite(count(dataset).repeat_rate).all()


def gap(events: list[Event]) -> float:
    return typical_gap_days(build_history(as_dataset(events), ModelSettings())[0])


def test_the_typical_gap_is_the_median_of_mean_gaps() -> None:
    """u buys a every 10 days, v every 30, w every 2; what is bought once has no gap."""
    days = {"u": (0, 5, 20), "v": (0, 30), "w": (4, 6)}
    events = [Event(user, "a", f"{user}{day}", day=day) for user, visits in days.items() for day in visits]
    assert gap([*events, Event("x", "b", "x1", day=1)]) == pytest.approx(10.0)


def test_the_typical_gap_is_a_month_where_nobody_came_back() -> None:
    assert gap([Event("u", "a", "b1"), Event("v", "a", "b2", day=3)]) == 30.0
    assert gap([Event("u", "a", "b1"), Event("u", "a", "b2")]) == 30.0, "two baskets at one moment are one visit"
    assert gap([Event(None, "a", "b1")]) == 30.0

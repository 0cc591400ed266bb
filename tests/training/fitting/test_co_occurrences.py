"""Co-purchases: counts by hand, a planted complement among best sellers and chance, and the same in chunks."""

from dataclasses import fields

import numpy as np
import pytest

from artifacts.model.model import CoOccurrences
from tests.support.events import Event, as_dataset, basket
from training.fitting import co_occurrences as module
from training.fitting.co_purchases import count_co_purchases
from training.interactions.dataset import Dataset


def row(dataset: Dataset, found: CoOccurrences, item_id: str) -> dict[str, tuple[int, float, float]]:
    """Neighbour -> support, confidence, lift, best first."""
    entries = found.row(dataset.item_ids.find(item_id))
    return {
        dataset.item_ids[item]: (support, confidence, lift)
        for item, support, confidence, lift in zip(
            found.items[entries].tolist(),
            found.support[entries].tolist(),
            found.confidence[entries].tolist(),
            found.lift[entries].tolist(),
            strict=True,
        )
    }


@pytest.fixture(scope="module")
def busy() -> Dataset:
    """Three shoppers in ten add the bag, whatever they buy; the machine is sold with its own beans every other time,
    and once with a vase; 400 baskets of three chance items make a crowd."""
    rng = np.random.default_rng(0)
    crowd = [
        basket(number, *{f"i{item}" for item in rng.zipf(1.3, 3) % 60}, *(["bag"] if rng.random() < 0.3 else []))
        for number in range(400)
    ]
    machines = [
        basket(
            1000 + number,
            "machine",
            *(["beans"] if number % 2 else ["i1"]),
            *(["bag"] if number % 3 == 0 else []),
            *(["vase"] if number == 5 else []),
        )
        for number in range(24)
    ]
    beans = [basket(2000 + number, "beans", f"i{number % 20}") for number in range(20)]
    return as_dataset([event for events in [*crowd, *machines, *beans, basket(3000, "vase", "i7")] for event in events])


def test_support_confidence_and_lift_by_hand() -> None:
    """Eight baskets: a in 4 of them, once alone; b in 3; both in 2."""
    dataset = as_dataset(
        [
            *basket(1, "a", "b"),
            *basket(2, "a", "b", "c"),
            *basket(3, "a", "c"),
            *basket(4, "a"),
            *basket(5, "b", "d"),
            *basket(6, "d"),
            *basket(7, "d", "e"),
            *basket(8, "e"),
        ]
    )
    found = count_co_purchases(dataset, show_progress=False)
    assert row(dataset, found, "a") == {
        "c": pytest.approx((2, 2 / 4, (2 / 4) / (2 / 8))),
        "b": pytest.approx((2, 2 / 4, (2 / 4) / (3 / 8))),
    }
    assert row(dataset, found, "b") == {"a": pytest.approx((2, 2 / 3, (2 / 3) / (4 / 8)))}
    assert row(dataset, found, "d") == {}


def test_the_score_is_the_added_value_by_hand() -> None:
    """Fresh baskets of two weigh a half an item: w_ab = 1, w_a = 1.5, w_b = 1 and all together 3."""
    dataset = as_dataset([*basket(1, "a", "b"), *basket(2, "a", "b"), *basket(3, "a", "c")])
    found = count_co_purchases(dataset, show_progress=False)
    assert found.score[found.row(0)].tolist() == pytest.approx([1 / (1.5 + module.SHRINKAGE) - 1 / 3])


def test_lines_of_the_same_item_and_looks_are_no_pairs() -> None:
    dataset = as_dataset(
        [
            *(Event(None, "a", f"b{number}", price=float(price)) for number in range(3) for price in range(2)),
            *(Event("u", item, f"v{number}", event="view") for number in range(3) for item in "ab"),
        ]
    )
    assert len(count_co_purchases(dataset, show_progress=False).items) == 0


def test_one_common_basket_is_not_enough() -> None:
    dataset = as_dataset([*basket(1, "a", "b"), *basket(2, "a", "c"), *basket(3, "a", "c")])
    found = count_co_purchases(dataset, show_progress=False)
    assert list(row(dataset, found, "a")) == ["c"]
    assert found.support.min() == module.MIN_SUPPORT


def test_a_planted_complement_beats_the_best_seller_and_the_chance_pair(busy: Dataset) -> None:
    found = count_co_purchases(busy, show_progress=False)
    partners = row(busy, found, "machine")
    assert next(iter(partners)) == "beans"
    assert "bag" in partners
    assert "vase" not in partners
    assert partners["beans"][:2] == (12, 0.5)
    assert partners["beans"][2] > 5
    assert next(iter(row(busy, found, "beans"))) == "machine"


def test_an_old_fashion_gives_way_to_a_new_one() -> None:
    old = [basket(number, "tent", "lamp", day=-400) for number in range(8)]
    new = [basket(100 + number, "tent", "pegs", day=0) for number in range(6)]
    dataset = as_dataset([event for events in old + new for event in events])
    assert list(row(dataset, count_co_purchases(dataset, show_progress=False), "tent")) == ["pegs", "lamp"]


def test_a_huge_basket_makes_no_pairs_but_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_GROUP", 3)
    dataset = as_dataset(
        [
            *basket(1, "a", "b", "c", "d"),
            *basket(2, "a", "b", "c", "d"),
            *basket(3, "a", "b"),
            *basket(4, "a", "b"),
            *basket(5, "e", "f"),
            *basket(6, "e", "f"),
        ]
    )
    found = count_co_purchases(dataset, show_progress=False)
    assert row(dataset, found, "a") == {"b": pytest.approx((2, 0.5, 0.5 / (4 / 6)))}
    assert row(dataset, found, "c") == {}


def test_a_basket_of_the_year_1970_is_only_old() -> None:
    """Its weight would be 0 in float32."""
    ancient = basket(1, "a", "b", day=-20_000)
    new = [event for number in (2, 3) for event in basket(number, "a", "c")]
    dataset = as_dataset([*ancient, *new, *basket(4, "d", "e")])
    assert row(dataset, count_co_purchases(dataset, show_progress=False), "a") == {
        "c": pytest.approx((2, 2 / 3, 4 / 3))
    }


@pytest.mark.parametrize("pairs", [1, 200, 2_000])
def test_in_chunks_as_in_one(monkeypatch: pytest.MonkeyPatch, busy: Dataset, pairs: int) -> None:
    whole = count_co_purchases(busy, show_progress=False)
    monkeypatch.setattr(module, "PAIRS", pairs)
    parts = count_co_purchases(busy, show_progress=False)
    assert len(whole.items) > 100
    for field in fields(CoOccurrences):
        np.testing.assert_array_equal(getattr(parts, field.name), getattr(whole, field.name))


def test_rows_are_best_first_cut_and_without_the_item_itself(monkeypatch: pytest.MonkeyPatch, busy: Dataset) -> None:
    full = count_co_purchases(busy, show_progress=False)
    monkeypatch.setattr(module, "PER_ITEM", 4)
    found = count_co_purchases(busy, show_progress=False)
    for item in range(busy.n_items):
        entries = found.row(item)
        scores = found.score[entries].tolist()
        assert scores == sorted(scores, reverse=True)
        assert item not in found.items[entries]
        assert found.items[entries].tolist() == full.items[full.row(item)][:4].tolist()
    assert max(np.diff(found.indptr)) == 4


@pytest.mark.parametrize(
    "events",
    [
        [Event("u", "a", "b1")],
        [Event("u", "a", "b1"), Event("v", "b", "b2")],
        [Event("u", "a", "b1", event="view"), Event("u", "b", "b1", event="view")],
    ],
    ids=["one purchase", "no basket of two", "looks only"],
)
def test_no_pairs_at_all(events: list[Event]) -> None:
    dataset = as_dataset(events, unsold=["z"])
    found = count_co_purchases(dataset, show_progress=False)
    assert found.indptr.tolist() == [0] * (dataset.n_items + 1)
    assert found.items.dtype == np.int32
    assert len(found.items) == len(found.lift) == 0

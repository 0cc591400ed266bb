"""Each user's history, by hand."""

from typing import Literal

import numpy as np
import pytest

from artifacts.model.half_lives import FREQUENCY_DAYS
from artifacts.model.model import History
from tests.support.events import Event, as_dataset
from training.config import ModelSettings
from training.fitting.history import build_history, user_item_matrix
from training.interactions.dataset import Dataset

NO_DECAY = ModelSettings(half_life_days=0.0)
Weighting = Literal["count", "log", "binary", "bm25"]
WEIGHTINGS: list[Weighting] = ["count", "log", "binary", "bm25"]


def entries(dataset: Dataset, history: History, field: str) -> dict[tuple[str, str], float]:
    """(user_id, item_id) -> the field's value."""
    return {
        (dataset.user_ids[user], dataset.item_ids[item]): value
        for user in range(dataset.n_users)
        for item, value in zip(
            history.items[history.row(user)].tolist(), getattr(history, field)[history.row(user)].tolist(), strict=True
        )
    }


def test_strengths_are_decayed_counts_scaled_to_a_mean_of_one() -> None:
    dataset = as_dataset(
        [
            Event("u", "a", "b1", day=20),
            Event("u", "a", "b2", day=10),
            Event("u", "b", "b3", day=0),
            Event("v", "b", "b4", day=20),
        ]
    )
    history, fresh = build_history(dataset, ModelSettings(half_life_days=10.0))
    raw = {("u", "a"): 1.5, ("u", "b"): 0.25, ("v", "b"): 1.0}
    mean = sum(raw.values()) / 3
    assert entries(dataset, history, "strength") == pytest.approx({key: value / mean for key, value in raw.items()})
    assert fresh == pytest.approx(1 / mean)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_strengths_have_a_mean_of_one_and_are_positive(weighting: Weighting) -> None:
    rng = np.random.default_rng(0)
    users, items, days = rng.integers(0, 30, 400), rng.zipf(1.5, 400) % 40, rng.integers(0, 400, 400)
    dataset = as_dataset(
        Event(f"u{user}", f"i{item}", f"b{number}", day=int(day))
        for number, (user, item, day) in enumerate(zip(users, items, days, strict=True))
    )
    history, fresh = build_history(dataset, ModelSettings(weighting=weighting, half_life_days=30.0))
    assert history.strength.mean() == pytest.approx(1.0, rel=1e-4)
    assert history.strength.min() > 0
    assert fresh > 0


@pytest.mark.parametrize(
    ("weighting", "ratio", "fresh_to_once"), [("count", 3.0, 1.0), ("log", 2.0, 1.0), ("binary", 1.0, 1.0)]
)
def test_weightings_shape_how_three_purchases_compare_to_one(
    weighting: Weighting, ratio: float, fresh_to_once: float
) -> None:
    """log(1 + 3) / log(1 + 1) = 2."""
    dataset = as_dataset([*(Event("u", "a", f"b{number}") for number in range(3)), Event("u", "b", "b9")])
    history, fresh = build_history(dataset, ModelSettings(weighting=weighting, half_life_days=0.0))
    strength = entries(dataset, history, "strength")
    assert strength["u", "a"] / strength["u", "b"] == pytest.approx(ratio)
    assert fresh / strength["u", "b"] == pytest.approx(fresh_to_once)


def test_bm25_weighs_rare_items_up_and_busy_users_down() -> None:
    """Ten users, each with an item of their own; all but two also have the common one; u9 buys a lot.

    By hand, as implicit has it: idf = log(n_users) - log(1 + n_buyers), K1 = 100, B = 0.8.
    """
    own = [Event(f"u{user}", f"own{user}", f"own{user}") for user in range(10)]
    common = [Event(f"u{user}", "common", f"common{user}") for user in range(8)]
    more = [Event("u9", f"more{number}", f"more{number}") for number in range(6)]
    dataset = as_dataset([*own, *common, *more])
    history, fresh = build_history(dataset, ModelSettings(weighting="bm25", half_life_days=0.0))
    strength = entries(dataset, history, "strength")
    mean_length = (8 * 2 + 1 + 7) / 10

    def by_hand(n_buyers: int, length: int) -> float:
        idf = np.log(10) - np.log1p(n_buyers)
        return float(idf * 101 / (100 * (0.2 + 0.8 * length / mean_length) + 1))

    assert strength["u0", "own0"] / strength["u0", "common"] == pytest.approx(by_hand(1, 2) / by_hand(8, 2), rel=1e-5)
    assert strength["u0", "own0"] / strength["u9", "own9"] == pytest.approx(by_hand(1, 2) / by_hand(1, 7), rel=1e-5)
    assert fresh == pytest.approx(1.0)


def test_bm25_makes_no_dislike_of_what_everybody_buys() -> None:
    dataset = as_dataset(
        [
            *(Event(f"u{user}", "bag", f"b{user}") for user in range(6)),
            *(Event(f"u{user}", f"own{user}", f"b{user}") for user in range(6)),
        ]
    )
    history, _ = build_history(dataset, ModelSettings(weighting="bm25", half_life_days=0.0))
    strength = entries(dataset, history, "strength")
    assert 0 < strength["u0", "bag"] < 0.1 * strength["u0", "own0"]


def test_times_bought_counts_baskets_not_lines() -> None:
    dataset = as_dataset(
        [Event("u", "a", "b1"), Event("u", "a", "b1", price=2.0), Event("u", "a", "b2"), Event("u", "b", "b2")]
    )
    history, _ = build_history(dataset, NO_DECAY)
    assert entries(dataset, history, "times_bought") == {("u", "a"): 2, ("u", "b"): 1}
    strength = entries(dataset, history, "strength")
    assert strength["u", "a"] / strength["u", "b"] == pytest.approx(2.0)


def test_views_and_carts_are_not_bought() -> None:
    dataset = as_dataset(
        [
            Event("u", "a", "b1", day=0, event="view"),
            Event("u", "a", "b2", day=1, event="cart"),
            Event("u", "b", "b3", day=2),
            Event("u", "b", "b4", day=3, event="view"),
        ]
    )
    history, _ = build_history(dataset, NO_DECAY)
    assert entries(dataset, history, "times_bought") == {("u", "a"): 0, ("u", "b"): 1}
    assert entries(dataset, history, "frequency")["u", "a"] == 0
    strength = entries(dataset, history, "strength")
    assert strength["u", "a"] / strength["u", "b"] == pytest.approx(0.4 / 1.1)


def test_a_view_and_a_purchase_of_one_basket_are_one_purchase() -> None:
    dataset = as_dataset([Event("u", "a", "b1", event="view"), Event("u", "a", "b1"), Event("u", "b", "b1")])
    history, _ = build_history(dataset, NO_DECAY)
    assert entries(dataset, history, "times_bought") == {("u", "a"): 1, ("u", "b"): 1}
    assert history.strength.tolist() == [1.0, 1.0]


def test_first_and_last_purchase_and_frequency() -> None:
    half = FREQUENCY_DAYS
    dataset = as_dataset([Event("u", "a", "b1", day=half), Event("u", "a", "b2", day=0), Event("v", "b", "b3", day=1)])
    history, _ = build_history(dataset, NO_DECAY)
    first, last = entries(dataset, history, "first"), entries(dataset, history, "last")
    assert last["u", "a"] - first["u", "a"] == half * 86_400
    assert last["u", "a"] == dataset.until
    assert entries(dataset, history, "frequency")["u", "a"] == pytest.approx(np.log1p(1.5))


def test_first_and_last_are_of_purchases_not_of_looks() -> None:
    dataset = as_dataset(
        [
            Event("u", "a", "b1", day=0, event="view"),
            Event("u", "a", "b2", day=5),
            Event("u", "a", "b3", day=9),
            Event("u", "a", "b4", day=12, event="view"),
        ]
    )
    history, _ = build_history(dataset, NO_DECAY)
    assert history.last[0] - history.first[0] == 4 * 86_400
    assert dataset.until - history.last[0] == 3 * 86_400


def test_guests_have_no_history() -> None:
    dataset = as_dataset([Event(None, "a", "b1"), Event("u", "b", "b2")])
    history, _ = build_history(dataset, NO_DECAY)
    assert entries(dataset, history, "times_bought") == {("u", "b"): 1}


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_guests_alone_make_an_empty_history(weighting: Weighting) -> None:
    dataset = as_dataset([Event(None, "a", "b1"), Event(None, "b", "b1")])
    history, fresh = build_history(dataset, ModelSettings(weighting=weighting))
    assert history.indptr.tolist() == [0]
    assert len(history.items) == len(history.strength) == len(history.last) == 0
    assert fresh == 1.0


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("event", ["purchase", "view"])
def test_the_smallest_histories(weighting: Weighting, event: str) -> None:
    """BM25 knows no rare item where every one of two users has an item of their own."""
    for events in ([Event("u", "a", "b1", event=event)], [Event(u, u, u, event=event) for u in "uv"]):
        history, fresh = build_history(as_dataset(events), ModelSettings(weighting=weighting))
        assert history.strength.tolist() == [1.0] * len(events)
        assert np.isfinite(fresh)


def test_the_matrix_has_a_column_for_every_item() -> None:
    dataset = as_dataset([Event("u", "b", "b1"), Event("v", "c", "b2"), Event("v", "b", "b3")], unsold=["a", "z"])
    history, _ = build_history(dataset, NO_DECAY)
    matrix = user_item_matrix(history, dataset.n_items)
    assert matrix.toarray().tolist() == [[0, 1, 0, 0], [0, 1, 1, 0]]
    assert matrix.dtype == np.float32

"""Who lately came to an item: by hand, and a planted fashion that factors do not show."""

import numpy as np
import pytest

from artifacts.model.half_lives import RECENT_DAYS
from artifacts.model.recipe import Weights
from artifacts.queries.scoring import query_vectors
from tests.support.events import Event, as_dataset
from training.config import ModelSettings
from training.fitting.history import build_history
from training.fitting.newcomers import newcomer_vectors

ACROSS, UP = np.array([3.0, 0.0]), np.array([0.0, 0.5])


def vectors_of(events: list[Event], user_factors: np.ndarray, unsold: tuple[str, ...] = ()) -> np.ndarray:
    dataset = as_dataset(events, unsold)
    history, _ = build_history(dataset, ModelSettings())
    rng = np.random.default_rng(0)
    return newcomer_vectors(history, user_factors.astype(np.float32), dataset.n_items, dataset.until, rng)


def test_first_purchases_by_hand() -> None:
    """u lies across and v up, whatever their length. The best score: item a for u, a half from two weeks ago."""
    events = [
        Event("u", "a", "b1", day=0),
        Event("u", "a", "b2", day=RECENT_DAYS),  # not the first: counts for nothing
        Event("v", "a", "b3", day=-RECENT_DAYS),
        Event("v", "b", "b4", day=-2 * RECENT_DAYS),
        Event("v", "c", "b5", day=RECENT_DAYS, event="view"),
        Event(None, "c", "b6", day=RECENT_DAYS),
    ]
    vectors = vectors_of(events, np.stack([ACROSS, UP]), unsold=("z",))
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, np.array([[1, 0.5], [0, 0.25], [0, 0], [0, 0]]), rtol=1e-6)


def test_an_item_that_finds_its_audience_is_told_from_one_that_always_had_it() -> None:
    """Both audiences buy both items, as often; but one came to the first long ago and to the second now."""
    events, factors = [], []
    for number in range(20):
        early = number % 2 == 0
        name, own = f"u{number:02}", ("old", "new") if early else ("new", "old")
        factors.append(ACROSS if early else UP)
        events += [Event(name, own[0], f"{name}-1", day=-200), Event(name, own[1], f"{name}-2", day=0)]
    new, old = vectors_of(events, np.stack(factors))
    assert new[0] > 100 * new[1]
    assert old[1] > 100 * old[0]


@pytest.mark.parametrize("factors", [np.zeros((1, 2)), -np.ones((1, 2)), np.full((1, 2), 1e-30)])
def test_one_user_whatever_the_factors(factors: np.ndarray) -> None:
    vectors = vectors_of([Event("u", "a", "b1")], factors)
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors) == pytest.approx(1 if factors.any() else 0)


def test_a_shop_of_guests() -> None:
    vectors = vectors_of([Event(None, "a", "b1")], np.empty((0, 2)))
    assert vectors.tolist() == [[0, 0]]


def test_scale_is_the_best_score_of_any_user_for_any_item() -> None:
    rng = np.random.default_rng(1)
    events = [
        Event(f"u{user:02}", f"i{item}", f"b{user}-{item}", day=float(rng.integers(0, 60)))
        for user in range(30)
        for item in rng.choice(12, 4, replace=False)
    ]
    factors = rng.standard_normal((30, 5))
    unit = factors / np.linalg.norm(factors, axis=1, keepdims=True)
    assert (vectors_of(events, factors) @ unit.T).max() == pytest.approx(1)


@pytest.mark.parametrize("length", [1e-30, 1.0, 1e15])
def test_the_newcomers_taste_counts_the_same_whatever_the_length_of_a_users_factors(length: float) -> None:
    """The factors of somebody who last bought twenty years ago are tiny."""
    weights = Weights(als=1.0, newcomers=2.0, popular=0.5, trend=0.25, frequency=0.0)
    users = np.array([[3 * length, 4 * length], [0, 0]], np.float32)
    wanted = query_vectors(weights, users)
    np.testing.assert_allclose(wanted[:, 2:], [[1.2, 1.6, 0.5, 0.25], [0, 0, 0.5, 0.25]], rtol=1e-6)
    np.testing.assert_array_equal(wanted[:, :2], users)

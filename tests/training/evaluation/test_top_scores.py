"""The highest scores, each against a sort of all of them."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from training.evaluation import top_scores


def test_fewer_items_than_ranks_are_padded() -> None:
    picks = top_scores.top(np.array([[0.5, -np.inf, 0.7]], np.float32), 5)
    assert picks.items.tolist() == [[2, 0, -1, -1, -1]]
    assert np.isnan(picks.scores[0, 2:]).all()


@pytest.mark.parametrize("n_filled", [0, 5, 40, 3_000])
def test_of_many_scores_the_highest_are_those_of_a_sort(monkeypatch: pytest.MonkeyPatch, n_filled: int) -> None:
    """Few are above 0 in a sparse baseline: the others tie, and stand in the order of the items."""
    monkeypatch.setattr(top_scores, "WIDE", 1_000)
    rng = np.random.default_rng(0)
    scores = np.zeros((6, 3_000), np.float32)
    for row in scores:
        row[rng.choice(3_000, n_filled, replace=False)] = rng.integers(1, 50, n_filled)
    scores[0, ::7] = -np.inf
    picks = top_scores.top(scores, 10)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    assert picks.items.tolist() == expected.tolist()
    np.testing.assert_array_equal(picks.scores, np.take_along_axis(scores, expected, axis=1))


@pytest.mark.parametrize("filled", [0, 0.01, 0.5])
def test_a_few_scores_on_top_of_shared_ones_rank_as_all_of_them_do(filled: float) -> None:
    """Also where they fall below the shared ones, tie, or leave fewer items than ranks."""
    rng = np.random.default_rng(3)
    for n_items in (4, 200):
        added = np.where(rng.random((30, n_items)) < filled, rng.integers(-3, 4, (30, n_items)), 0).astype(np.float32)
        shared = rng.integers(0, 3, n_items).astype(np.float64)
        hidden = rng.random((30, n_items)) < 0.1
        few = top_scores.Few(csr_array(added), top_scores.share(shared))
        picks = top_scores.top_of_few(few, csr_array(hidden.astype(np.float32)), 10)
        scores = np.where(hidden, -np.inf, added + shared)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        highest = np.take_along_axis(scores, order, axis=1)
        assert picks.items[:, : len(order[0])].tolist() == np.where(np.isfinite(highest), order, -1).tolist()
        np.testing.assert_array_equal(np.nan_to_num(picks.scores[:, : len(order[0])], nan=-np.inf), highest)

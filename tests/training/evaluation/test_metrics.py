"""Metrics and intervals: by hand on toy cases, and against scikit-learn on random ones."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import ndcg_score

from training.evaluation import metrics
from training.evaluation.bootstrap import (
    difference,
    estimate,
    estimate_coverage,
    estimate_within,
    resample,
)

# Case 0: items 1 and 3 of the three sought are found, at ranks 1 and 3. Case 1: nothing. Case 2: one pick, at rank 2.
PICKS = np.array([[1, 2, 3], [0, 4, 5], [4, 0, -1]], np.int32)
TRUTH = csr_array(np.array([[0, 1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 0]], np.float32))
RELEVANT = np.array([3, 1, 1])


def test_hits_are_found_and_padding_is_no_hit() -> None:
    hits = metrics.find_hits(PICKS, TRUTH)
    assert hits.tolist() == [[True, False, True], [False, False, False], [False, True, False]]


def test_values_worked_out_by_hand() -> None:
    hits = metrics.find_hits(PICKS, TRUTH)
    # discounts 1, 1/log2(3) = 0.63093, 1/log2(4) = 0.5; ideal for three answers 2.13093, for one 1
    assert metrics.ndcg(hits, RELEVANT) == pytest.approx([1.5 / 2.130930, 0.0, 0.630930], abs=1e-5)
    assert metrics.recall(hits, RELEVANT) == pytest.approx([2 / 3, 0, 1])
    assert metrics.reciprocal_rank(hits) == pytest.approx([1, 0, 1 / 2])
    assert metrics.hit_rate(hits) == pytest.approx([1, 0, 1])


def test_more_right_answers_than_ranks_can_still_be_perfect() -> None:
    truth = csr_array(np.ones((1, 7), np.float32))
    assert metrics.ndcg(metrics.find_hits(PICKS[:1], truth), np.array([7])) == pytest.approx([1.0])


def test_ndcg_agrees_with_scikit_learn_on_random_cases() -> None:
    rng = np.random.default_rng(5)
    truth = (rng.random((200, 40)) < 0.1).astype(np.float32)
    truth[np.arange(200), rng.integers(0, 40, 200)] = 1
    scores = rng.random((200, 40))
    picks = np.argsort(-scores, axis=1)[:, :10].astype(np.int32)
    ours = metrics.ndcg(metrics.find_hits(picks, csr_array(truth)), truth.sum(axis=1).astype(np.int64))
    theirs = [ndcg_score(truth[[row]], scores[[row]], k=10) for row in range(200)]
    assert ours == pytest.approx(theirs)


def test_self_information_is_in_bits_and_unbought_items_count_as_bought_once() -> None:
    assert metrics.self_information(np.array([8, 4, 1, 0]), 8) == pytest.approx([0, 1, 3, 3])


def test_head_is_the_fewest_items_with_half_of_the_sales() -> None:
    assert metrics.head(np.array([1, 50, 1, 30, 18])).tolist() == [False, True, False, False, False]
    assert metrics.head(np.array([25, 20, 30, 25])).tolist() == [True, False, True, False]


def test_mean_over_picks_leaves_out_padding() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert metrics.mean_over_picks(PICKS, values) == pytest.approx([3.0, 4.0, 3.0])
    assert metrics.mean_over_picks(np.array([[-1, -1]], np.int32), values) == pytest.approx([0.0])


def test_coverage_counts_distinct_items() -> None:
    estimated = estimate_coverage(PICKS, 12, resample(3, np.random.default_rng(0)))
    assert estimated.value == pytest.approx(0.5)
    assert estimated.low <= 0.5 <= estimated.high


def test_an_interval_holds_the_truth_about_95_times_in_a_hundred() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        one = estimate(rng.exponential(2.0, 150), resample(150, rng))
        held += one.low <= 2.0 <= one.high
    assert 176 <= held <= 198


def test_a_paired_difference_sees_what_two_intervals_cannot() -> None:
    rng = np.random.default_rng(2)
    cases = rng.random(300)
    better = cases + 0.01 + 0.001 * rng.standard_normal(300)
    resamples = resample(300, rng)
    gain = difference(better, cases, resamples)
    assert gain.value == pytest.approx(0.01, abs=1e-3)
    assert gain.low > 0
    assert estimate(better, resamples).low < estimate(cases, resamples).high


def test_a_group_is_estimated_on_its_own_cases() -> None:
    values = np.array([0.0, 1.0, 5.0, 7.0])
    group = np.array([False, False, True, True])
    one = estimate_within(values, group, resample(4, np.random.default_rng(3)))
    assert one.value == pytest.approx(6.0)
    assert 5.0 <= one.low <= one.high <= 7.0


def test_the_same_rng_gives_the_same_interval() -> None:
    values = np.random.default_rng(4).random(50)
    first, second = (estimate(values, resample(50, np.random.default_rng(9))) for _ in range(2))
    assert first == second

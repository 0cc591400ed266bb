"""The rivals, each against its definition."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from training.evaluation import baselines
from training.evaluation.baselines import for_baskets, for_users, rank
from training.evaluation.purchases import Past, Purchases
from training.evaluation.tasks import Cases, Task
from training.evaluation.top_scores import Few
from training.interactions.dataset import GUEST

RNG = np.random.default_rng(11)
COUNT = csr_array((RNG.poisson(0.4, (60, 20)) * 1.0).astype(np.float32))
FRESH = csr_array((COUNT.data * RNG.random(COUNT.nnz).astype(np.float32), COUNT.indices, COUNT.indptr), COUNT.shape)
PAST = Past(COUNT, FRESH, np.full(60, 3))
SOLD = np.arange(20)
LATELY = np.arange(20)[::-1].copy()


def cases_of(task: Task, given: csr_array, fresh: csr_array | None = None) -> Cases:
    n_cases, n_items = given.shape
    truth = csr_array(np.zeros((n_cases, n_items), np.float32))
    return Cases(task, np.full(n_cases, GUEST), given, given if fresh is None else fresh, truth)


def named(name: str) -> baselines.Baseline:
    return next(one for one in for_users(PAST, SOLD, LATELY) if one.name == name)


def few(baseline: baselines.Baseline, given: csr_array) -> np.ndarray:
    """The scores of their own that a baseline gives a few items."""
    scores = baseline.score(given)
    assert isinstance(scores, Few)
    return np.asarray(scores.own.toarray())


def dense(baseline: baselines.Baseline, given: csr_array) -> np.ndarray:
    """The scores of a baseline that scores every item."""
    scores = baseline.score(given)
    assert isinstance(scores, np.ndarray)
    return scores


def best(scores: np.ndarray, k: int) -> list[list[int]]:
    return [np.lexsort((np.arange(len(row)), -row))[:k].tolist() for row in scores]


def test_popularity_is_the_same_for_all() -> None:
    cases = cases_of(Task.NEXT_PURCHASES, COUNT)
    assert (rank(named("popularity, all time"), cases, 3).items == [19, 18, 17]).all()
    assert (rank(named("popularity, last 14 days"), cases, 3).items == [0, 1, 2]).all()


def test_own_items_come_first_by_count_and_popular_ones_behind() -> None:
    given = csr_array(np.array([[0, 0, 1, 0, 0, 3, 1, 0] + [0] * 12], np.float32))
    picks = rank(named("personal frequency, then popularity"), cases_of(Task.NEXT_PURCHASES, given), 6)
    assert picks.items.tolist() == [[5, 2, 6, 0, 1, 3]]


def test_discovery_shows_nothing_that_was_bought() -> None:
    for baseline in for_users(PAST, SOLD, LATELY):
        picks = rank(baseline, cases_of(Task.DISCOVERY, COUNT, FRESH), 20)
        there = picks.items >= 0
        assert (there.sum(axis=1) + (COUNT.toarray() > 0).sum(axis=1) == 20).all(), baseline.name
        rows, places = np.nonzero(there)
        assert not COUNT.toarray()[rows, picks.items[rows, places]].any(), baseline.name


def test_item_knn_is_the_cosine_of_columns() -> None:
    count = COUNT.toarray()
    unit = count / np.maximum(np.linalg.norm(count, axis=0), 1e-9)
    scores = few(named("item-kNN, cosine"), COUNT)
    assert scores == pytest.approx(count @ (unit.T @ unit), rel=1e-4)


def test_ease_solves_its_ridge_regression() -> None:
    weights = dense(named("EASE"), csr_array(np.eye(20, dtype=np.float32)))
    gram = (FRESH.T @ FRESH).toarray().astype(np.float64)
    gradient = (gram + baselines.EASE_REGULARIZATION * np.eye(20)) @ weights - gram
    assert np.diag(weights) == pytest.approx(np.zeros(20))
    assert gradient - np.diag(np.diag(gradient)) == pytest.approx(np.zeros((20, 20)), abs=1e-3)


def test_ease_is_given_decayed_counts() -> None:
    ease = named("EASE")
    picks = rank(ease, cases_of(Task.NEXT_PURCHASES, COUNT, FRESH), 5)
    assert picks.items.tolist() == best(dense(ease, FRESH), 5)


def test_a_large_catalogue_goes_without_ease_and_a_large_history_without_what_is_fitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(baselines, "EASE_MAX_ITEMS", 19)
    assert "EASE" not in {one.name for one in for_users(PAST, SOLD, LATELY)}
    monkeypatch.setattr(baselines, "FITTED_MAX_PAIRS", 10)
    assert len(list(for_users(PAST, SOLD, LATELY))) == 3


def test_implicit_at_its_defaults_finds_two_kinds_of_users() -> None:
    user, item = np.mgrid[:60, :20]
    count = csr_array(((user % 2 == item % 2) & (user != item)).astype(np.float32))
    rivals = {one.name: one for one in for_users(Past(count, count, np.ones(60, np.int64)), SOLD, LATELY)}
    picks = rank(rivals["implicit ALS, defaults"], cases_of(Task.DISCOVERY, count[:20]), 1)
    assert picks.items.ravel().tolist() == list(range(20)), "the one of their kind that each of them lacks"


def test_an_optional_peer_takes_part_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("irspack", exc_type=ImportError)
    user, item = np.mgrid[:60, :20]
    count = csr_array(((user % 2 == item % 2) & (user != item)).astype(np.float32))
    past = Past(COUNT[:, :20], count, np.ones(60, np.int64))
    rivals = {one.name: one for one in for_users(past, SOLD, LATELY)}
    peer = rivals["iALS++ (irspack)"]
    assert peer.fresh
    picks = rank(peer, cases_of(Task.DISCOVERY, count[:20], count[:20]), 1)
    assert picks.items.ravel().tolist() == list(range(20)), "the one of their kind that each of them lacks"
    monkeypatch.setattr(baselines, "find_spec", lambda name: None)
    assert rivals.keys() - {one.name for one in for_users(past, SOLD, LATELY)} == {peer.name}


def test_similarities_between_items_are_as_defined() -> None:
    # item 0 in baskets 0, 1, 2, 3; item 1 in 0, 1, 4; item 2 in 0
    basket = np.array([0, 0, 0, 1, 1, 2, 3, 4])
    item = np.array([0, 1, 2, 0, 1, 0, 0, 1])
    earlier = Purchases(np.full(8, GUEST), item, basket, np.zeros(8, np.int64))
    scores = {one.name: few(one, csr_array(np.eye(3, dtype=np.float32))) for one in for_baskets(earlier, 3)}
    assert scores["co-purchase count"].tolist() == [[4, 2, 1], [2, 3, 1], [1, 1, 1]]
    assert scores["cosine"][0] == pytest.approx([1, 2 / np.sqrt(12), 1 / 2])
    assert scores["Jaccard"][0] == pytest.approx([1, 2 / 5, 1 / 4])
    assert scores["lift"].tolist() == [[0, 0, 0]] * 3, "no pair is frequent enough"


def test_lift_divides_by_both_popularities_once_a_pair_is_frequent() -> None:
    n = baselines.LIFT_MIN_SUPPORT
    basket = np.concatenate([np.repeat(np.arange(n), 2), np.arange(n, 3 * n)])
    item = np.concatenate([np.tile([0, 1], n), np.zeros(2 * n, np.int64)])
    earlier = Purchases(np.full(len(item), GUEST), item, basket, np.zeros(len(item), np.int64))
    lift = next(one for one in for_baskets(earlier, 2) if one.name == "lift")
    assert few(lift, csr_array(np.eye(2, dtype=np.float32)))[0, 1] == pytest.approx(n / (3 * n * n))


def test_a_basket_is_never_answered_with_its_own_items() -> None:
    given = csr_array(np.array([[1, 0, 1, 0]], np.float32))
    earlier = Purchases(np.full(4, GUEST), np.arange(4), np.zeros(4, np.int64), np.zeros(4, np.int64))
    for baseline in for_baskets(earlier, 4):
        picks = rank(baseline, cases_of(Task.BASKET_COMPLETION, given), 4)
        assert sorted(picks.items.tolist()[0]) == [-1, -1, 1, 3]


def test_scores_in_parts_are_the_same_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = cases_of(Task.NEXT_PURCHASES, COUNT)
    baseline = named("item-kNN, BM25")
    whole = rank(baseline, cases, 5)
    monkeypatch.setattr(baselines, "CELLS", 45)
    assert rank(baseline, cases, 5).items.tolist() == whole.items.tolist()


def test_sales_are_counted_by_basket() -> None:
    earlier = Purchases(np.array([0, GUEST, 1]), np.array([1, 1, 0]), np.arange(3), np.array([10, 20, 30]))
    assert baselines.count_sold(earlier, 3).tolist() == [1, 2, 0]
    assert baselines.count_sold(earlier.since(20), 3).tolist() == [1, 1, 0]

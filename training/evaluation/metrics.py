"""How good ranked picks are: one value a case, so that intervals and differences can be drawn from them.

Throughout, `hits` is (n_cases, k) bool, whether the pick at each rank was right, and `relevant` (n_cases,) int64, how
many right answers there were, at least 1.
"""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

HitMatrix = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]
NO_ITEM = -1
HEAD_SHARE = 0.5


def find_hits(picks: npt.NDArray[np.int32], truth: csr_array) -> HitMatrix:
    """Which of the picks (n_cases, k) int32, NO_ITEM (-1) behind the last, are among the non-zero `truth`
    (n_cases, n_items)."""
    rows = np.repeat(np.arange(len(picks)), picks.shape[1])
    found = np.asarray(truth[rows, np.maximum(picks, 0).ravel()]).reshape(picks.shape)
    return np.asarray((found > 0) & (picks != NO_ITEM))


def ndcg(hits: HitMatrix, relevant: npt.NDArray[np.int64]) -> Values:
    """Normalised discounted cumulative gain at k with binary gains: Järvelin and Kekäläinen 2002, discount
    1 / log2(rank + 1), over the best that `relevant` right answers allow."""
    k = hits.shape[1]
    discounts = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discounts)[np.minimum(relevant, k) - 1]
    return np.asarray(hits @ discounts / ideal)


def recall(hits: HitMatrix, relevant: npt.NDArray[np.int64]) -> Values:
    """The share of the right answers that are among the k picks."""
    return np.asarray(hits.sum(axis=1) / relevant)


def reciprocal_rank(hits: HitMatrix) -> Values:
    """1 / the rank of the first right pick, 0 where none of the k is; its mean is MRR."""
    return np.asarray(hits.any(axis=1) / (hits.argmax(axis=1) + 1), np.float64)


def hit_rate(hits: HitMatrix) -> Values:
    """1 where any of the k picks is right."""
    return np.asarray(hits.any(axis=1), np.float64)


def self_information(buyers: npt.NDArray[np.int64], n_users: int) -> Values:
    """(n_items,) bits: -log2 of the share of users who bought the item, as if by one user where nobody did.

    Its mean over picks is their novelty: Zhou et al. 2010, "Solving the apparent diversity-accuracy dilemma".
    """
    shares = np.maximum(buyers, 1) / max(n_users, 1)
    return np.asarray(-np.log2(shares), np.float64)


def head(sales: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """(n_items,) bool: the fewest best sellers that together make HEAD_SHARE of the sales (n_items,)."""
    order = np.argsort(-sales, kind="stable")
    reached = np.searchsorted(np.cumsum(sales[order]), HEAD_SHARE * sales.sum())
    chosen = np.zeros(len(sales), np.bool_)
    chosen[order[: int(reached) + 1]] = True
    return chosen


def mean_over_picks(picks: npt.NDArray[np.int32], item_values: Values) -> Values:
    """(n_cases,): the mean of a value of the picked items; 0 where nothing was picked."""
    there = picks != NO_ITEM
    values = np.where(there, item_values[np.maximum(picks, 0)], 0.0)
    return np.asarray(values.sum(axis=1) / np.maximum(there.sum(axis=1), 1))

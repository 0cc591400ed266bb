"""A user's score for items: tastes, what sells now, and the user's own habits.

A score is the same to the last bit whatever it is computed along with, one user's or a batch's, and whichever kernel of
the BLAS library a machine has: what is equal but for rounding then stands in the same order everywhere.
"""

import math

import numpy as np
import numpy.typing as npt

from artifacts.model.half_lives import SECONDS_PER_DAY
from artifacts.model.inner_products import inner_products
from artifacts.model.model import Model
from artifacts.model.recipe import Weights
from artifacts.queries.user_state import UserState

Scores = npt.NDArray[np.float32]


def query_vectors(weights: Weights, factors: Scores) -> Scores:
    """(n, 2 n_factors + 2): the inner product with an item's vector is the blend, but for the user's own frequency.

    `factors` (n, n_factors) are the users' ALS factors.
    """
    precise = factors.astype(np.float64)
    lengths = _lengths(precise)
    scale = np.divide(weights.newcomers, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    constant = np.full((len(factors), 2), (weights.popular, weights.trend), np.float32)
    return np.hstack([precise * weights.als, precise * scale, constant], dtype=np.float32, casting="same_kind")


def query_vector_of(weights: Weights, factors: Scores) -> Scores:
    """(2 n_factors + 2,): the row of `query_vectors` for one user's factors (n_factors,), in a quarter of the time."""
    n_factors = len(factors)
    precise = factors.astype(np.float64)
    length = math.sqrt(inner_products(precise, precise))
    query = np.empty(2 * n_factors + 2, np.float32)
    query[:n_factors] = precise * weights.als
    query[n_factors:-2] = precise * (weights.newcomers / length) if length else 0
    query[-2], query[-1] = weights.popular, weights.trend
    return query


def unit_vectors(vectors: Scores) -> Scores:
    """The vectors (n, n_factors) at length 1, but for zero ones."""
    lengths = _lengths(vectors.astype(np.float64))
    unit = np.divide(vectors, lengths, out=np.zeros(vectors.shape), where=lengths > 0)
    return np.asarray(unit, np.float32)


def _lengths(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n, 1), in float64: the factors of somebody who last bought long ago are so small that their squares would be 0
    in float32."""
    lengths: npt.NDArray[np.float64] = np.sqrt(np.einsum("uf,uf->u", vectors, vectors))
    return lengths[:, np.newaxis]


def blend_scores(
    model: Model, queries: Scores, items: npt.NDArray[np.integer] | int, frequency: Scores | None = None
) -> Scores:
    """(n,) float32: the blend of one user for item indexes (n,), of many users for one item, or of pairs of them.

    `queries` are the query vectors, (2 n_factors + 2,) or (n, 2 n_factors + 2); `frequency` (n,) is how frequently the
    user bought the item, as the history has it, None where that is not to count.
    """
    scores = inner_products(model.item_vectors.take(items, 0), queries)
    return scores if frequency is None else scores + habit_scores(model.recipe.weights, frequency)


def habit_scores(weights: Weights, frequency: Scores) -> Scores:
    """(n,) float32: what the user's own frequency (n,) adds to the blend."""
    return np.float32(weights.frequency) * frequency


def frequency_of(user_state: UserState, items: npt.NDArray[np.int64]) -> Scores:
    """(n,) float32: how frequently the user bought each of some items (n,), 0 where never."""
    history = user_state.history
    if len(history.items) == 0:
        return np.zeros(len(items), np.float32)
    entry = history.items.searchsorted(items)
    entry[entry == len(history.items)] = 0
    return np.where(history.items[entry] == items, history.frequency[entry], np.float32(0))


def buy_again_scores(model: Model, user_state: UserState) -> Scores:
    """(h,) float32: expected purchases a day of what the user bought before, 0 for what was only looked at.

    The modified Poisson-Gamma rate of Bhagat, Muralidharan, Lobzhanidze and Vishwanath 2018, "Buy It Again",
    section 3.4: (k + a) / (t_purchases + 2 |t_mean - t| + b) until twice the mean gap has passed, and
    (k + a) / (t_purchases + t + b) from then on; times the share of the item's buyers who ever come back for it.
    The prior is one purchase in the shop's typical gap. Times are days.
    """
    history, gap = user_state.history, model.recipe.typical_gap_days
    bought = history.times_bought
    span = (history.last - history.first) / SECONDS_PER_DAY
    since = np.maximum(model.recipe.until - history.last, 0) / SECONDS_PER_DAY
    mean_gap = np.where(bought > 1, span / np.maximum(bought - 1, 1), gap)
    wait = np.where(since < 2 * mean_gap, 2 * np.abs(mean_gap - since), since)
    rate = (bought + 1) / (span + wait + gap)
    scores = np.where(bought > 0, rate * model.popularity.repeat_rate[history.items], 0)
    return scores.astype(np.float32)

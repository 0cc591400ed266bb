"""A user's score for items: tastes, what sells now, and the user's own habits."""

import math

import numpy as np
import numpy.typing as npt

from artifacts.model.decay import SECONDS_PER_DAY
from artifacts.model.model import Model
from artifacts.model.recipe import Weights
from artifacts.queries.user_state import UserState

Scores = npt.NDArray[np.float32]


def query_vectors(weights: Weights, users: Scores) -> Scores:
    """(n, 2 n_factors + 2): the inner product with an item's vector is the blend, but for the user's own frequency.

    `users` (n, n_factors) are the users' ALS factors.
    """
    constant = np.full((len(users), 2), (weights.popular, weights.trend), np.float32)
    return np.hstack([np.float32(weights.als) * users, np.float32(weights.newcomers) * unit_vectors(users), constant])


def unit_vectors(vectors: Scores) -> Scores:
    """The vectors (n, n_factors) at length 1, but for zero ones.

    Lengths are float64: the factors of somebody who last bought long ago are so small that their squares would be 0.
    """
    lengths = np.sqrt(np.einsum("uf,uf->u", vectors, vectors, dtype=np.float64))[:, np.newaxis]
    unit = np.divide(vectors, lengths, out=np.zeros(vectors.shape), where=lengths > 0)
    return np.asarray(unit, np.float32)


def query_vector(model: Model, vector: Scores) -> Scores:
    """(2 n_factors + 2,): the query vector of one user's factors (n_factors,), as `query_vectors` has it, in a fifth of
    the time."""
    weights, n_factors = model.recipe.weights, len(vector)
    precise = vector.astype(np.float64)
    length = math.sqrt(precise @ precise)
    query = np.empty(2 * n_factors + 2, np.float32)
    query[:n_factors] = precise * weights.als
    query[n_factors:-2] = precise * (weights.newcomers / length) if length else 0
    query[-2], query[-1] = weights.popular, weights.trend
    return query


def frequency_scores(model: Model, user_state: UserState) -> Scores:
    """(h,) float32: what the user's own frequency adds, in the order of the user's history row."""
    return np.float32(model.recipe.weights.frequency) * user_state.history.frequency


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

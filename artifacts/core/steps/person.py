"""Whom an answer is for, and the vector that scores items for them."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.compiled import compiled
from artifacts.core.steps.ids import UNKNOWN, find_item
from artifacts.core.steps.machine_words import inner_product

Vector = npt.NDArray[np.float32]


class Person(NamedTuple):
    """As `UserState`: `user` is UNKNOWN where the version has not got the user; `items` (m,) int32 and `strength` (m,)
    float32 are all interactions, the session's included, items ascending; `recent` (s,) int32 the session's, the newest
    last; the others (h,) are the history's columns; `vector` (n_factors,) float32."""

    user: int
    items: npt.NDArray[np.int32]
    strength: Vector
    recent: npt.NDArray[np.int32]
    bought_items: npt.NDArray[np.int32]
    bought_strength: Vector
    times_bought: npt.NDArray[np.int32]
    frequency: Vector
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    vector: Vector


class Weights(NamedTuple):
    """What each part of a score counts for, as the recipe says it."""

    als: float
    newcomers: float
    popular: float
    trend: float
    frequency: np.float32


@compiled
def write_query_vector(weights: Weights, vector: Vector, precise: npt.NDArray[np.float64], query: Vector) -> None:
    """Write the query vector (2 n_factors + 2,), as `query_vector_of` does; `precise` (n_factors,) is written over."""
    n_factors = len(vector)
    for factor in range(n_factors):
        precise[factor] = vector[factor]
    length = math.sqrt(inner_product(precise, 0, precise, 0, n_factors))
    scale = weights.newcomers / length if length > 0 else 0.0
    for factor in range(n_factors):
        query[factor] = precise[factor] * weights.als
        query[n_factors + factor] = precise[factor] * scale
    query[2 * n_factors], query[2 * n_factors + 1] = weights.popular, weights.trend


@compiled
def shows_tastes(vector: Vector) -> bool:
    """Whether any of the factors is not 0."""
    for factor in vector:
        if factor != 0:
            return True
    return False


@compiled
def frequency_of(person: Person, item: int) -> np.float32:
    """How frequently the user bought an item, 0 where never."""
    entry = find_item(person.bought_items, item)
    return person.frequency[entry] if entry != UNKNOWN else np.float32(0)

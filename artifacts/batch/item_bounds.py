"""What a batch may answer: the items within a query's filters, ordered so that most of them need no score."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.model.model import Model
from artifacts.queries.eligibility import eligible_items
from artifacts.queries.query import Query
from artifacts.queries.user_state import resolve

TYPICAL_USERS = 10_000  # whose median length is taken for a user's

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ItemBounds:
    """The m items that a query's filters leave, those with the best prospects first.

    `items` (m,) int64; `place` (n_items,) int64, where an item stands, m for one that is not there. A user whose ALS
    factors have the length a scores an item at most `taste` a + `rest`, both (m,) float32, by the inequality of Cauchy
    and Schwarz; `largest_rest` is the largest sum of the absolute values behind `rest`.
    """

    items: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    taste: Scores
    rest: Scores
    largest_rest: float

    def __len__(self) -> int:
        return len(self.items)

    def bounds(self, length: float) -> Scores:
        """(m,) float32: what no user whose factors are at most so long scores above."""
        return self.taste * np.float32(length) + self.rest

    def rounding(self, lengths: Scores, n_dimensions: int) -> Scores:
        """(n,) float32: by how much two float32 inner products of the same vectors may differ, for users whose factors
        have the lengths (n,): twice n u |x|.|y|, Higham 2002, "Accuracy and Stability of Numerical Algorithms", 3.1."""
        largest = self.taste.max(initial=0) * lengths + np.float32(self.largest_rest)
        return np.asarray(n_dimensions * np.finfo(np.float32).eps * largest, np.float32)


def bound_items(model: Model, query: Query) -> ItemBounds:
    """The items that `query.filters` and `query.exclude` leave."""
    weights, n_factors = model.recipe.weights, model.recipe.n_factors
    eligible = eligible_items(model, query.filters, resolve(model, query.exclude)[0])
    taste = abs(weights.als) * vector_lengths(model.item_factors)
    newcomers = abs(weights.newcomers) * vector_lengths(model.newcomer_vectors)
    common = model.item_vectors[:, 2 * n_factors :] * np.array([weights.popular, weights.trend], np.float32)
    rest, strengths = newcomers + common.sum(axis=1), newcomers + np.abs(common).sum(axis=1)
    every = max(1, len(model.user_ids) // TYPICAL_USERS)
    typical = np.median(vector_lengths(model.user_factors[::every])) if len(model.user_ids) else 0.0
    items = np.flatnonzero(eligible)
    items = items[np.argsort(-(taste * np.float32(typical) + rest)[items], kind="stable")]
    place = np.full(len(eligible), len(items))
    place[items] = np.arange(len(items))
    return ItemBounds(items, place, taste[items], rest[items], float(strengths[items].max(initial=0)))


def vector_lengths(vectors: Scores) -> Scores:
    """(n,) float32: the lengths of vectors (n, n_dimensions)."""
    return np.asarray(np.sqrt(np.einsum("nd,nd->n", vectors, vectors)), np.float32)

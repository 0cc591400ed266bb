"""What gave most of a score."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.compiled import compiled
from artifacts.core.steps.person import Weights

# Places in PART_SOURCES of `artifacts.queries.source_labels`.
TASTES, SALES, HABIT, NEIGHBOURS = range(4)


class Parts(NamedTuple):
    """A score, and which of its parts are to be looked at: the habit and the neighbour score, 0 where it has none."""

    score: np.float32
    habit: np.float32
    neighbours: np.float32


@compiled
def largest_part(vectors: npt.NDArray[np.float32], weights: Weights, item: int, parts: Parts) -> int:
    """The largest part of an item's score, as `largest_parts` finds it."""
    width = vectors.shape[1]
    sales = (
        np.float32(weights.popular) * vectors[item, width - 2] + np.float32(weights.trend) * vectors[item, width - 1]
    )
    tastes = parts.score - sales - parts.habit - parts.neighbours
    found, largest = (SALES, sales) if sales > tastes else (TASTES, tastes)
    if parts.habit > largest and parts.habit > 0:
        found, largest = HABIT, parts.habit
    if parts.neighbours > largest and parts.neighbours > 0:
        found = NEIGHBOURS
    return found

"""What gave most of a score: the source that an answer names beside each item."""

import numpy as np
import numpy.typing as npt

from artifacts.model.model import Model
from artifacts.queries.answer import ScoredItems
from artifacts.queries.query import Source
from artifacts.queries.scoring import Scores

# Of tastes (ALS factors and newcomers' tastes), what sells now (popularity and trend), habits, and neighbour scores.
PART_SOURCES = (Source.ALS, Source.POPULAR, Source.HISTORY, Source.CO_PURCHASE)
_HABIT, _NEIGHBOURS = PART_SOURCES.index(Source.HISTORY), PART_SOURCES.index(Source.CO_PURCHASE)


def largest_parts(
    model: Model,
    items: npt.NDArray[np.int64],
    scores: Scores,
    habit: Scores | None = None,
    neighbour_scores: Scores | None = None,
) -> npt.NDArray[np.int64]:
    """(n,) int64, places in PART_SOURCES: the largest part of each score, of equal ones the first.

    `scores` (n,) are the blend's for item indexes (n,), with `habit` (n,) and `neighbour_scores` (n,) in them where
    those are given; tastes are what the other parts leave.
    """
    weights, vectors = model.recipe.weights, model.item_vectors
    sales = np.float32(weights.popular) * vectors[:, -2][items] + np.float32(weights.trend) * vectors[:, -1][items]
    others = [(place, part) for place, part in ((_HABIT, habit), (_NEIGHBOURS, neighbour_scores)) if part is not None]
    tastes = scores - sales
    for _, part in others:
        tastes -= part
    found = (sales > tastes).astype(np.int64)
    largest = np.maximum(tastes, sales)
    for place, part in others:
        found[(part > largest) & (part > 0)] = place
        largest = np.maximum(largest, part)
    return found


def with_sources(
    model: Model,
    items: npt.NDArray[np.int64],
    scores: Scores,
    habit: Scores | None = None,
    neighbour_scores: Scores | None = None,
) -> ScoredItems:
    """The items with their scores, each with the source of its largest part, as `largest_parts` finds it."""
    parts = largest_parts(model, items, scores, habit, neighbour_scores)
    return ScoredItems(items, scores, tuple([PART_SOURCES[part] for part in parts.tolist()]))

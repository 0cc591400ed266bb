"""The k best items for a query vector among those that are eligible, exactly."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.compiled import compiled
from artifacts.core.steps.eligibility import Eligibility, is_eligible
from artifacts.core.steps.machine_words import inner_product
from artifacts.core.steps.top_k import offer, sort_best_first
from artifacts.model.exact_search import EPSILON

Vector = npt.NDArray[np.float32]


class Index(NamedTuple):
    """The items' vectors (n_items, n_dimensions) and their order by norm, as `NormOrder` has it."""

    vectors: Vector
    starts: npt.NDArray[np.int64]
    items: npt.NDArray[np.int32]
    head: Vector
    cuts: npt.NDArray[np.int64]
    longest: Vector


@compiled
def search(
    index: Index,
    query: Vector,
    lengths: Vector,
    eligibility: Eligibility,
    but: int,
    k: int,
    items: npt.NDArray[np.int32],
    scores: Vector,
) -> int:
    """Write the k eligible items without the marks `but` that score best, best first; how many there are.

    `lengths` (n_parts,) is written over. Items come in blocks, longest vectors first, until none behind can reach the
    k-th best.
    """
    _write_lengths(index.starts, query, lengths)
    rounding = len(query) * EPSILON * _bound(index.longest, lengths, 0)
    count, width = 0, len(query)
    for cut in range(len(index.cuts)):
        if count == k and (k == 0 or _bound(index.longest, lengths, cut) + rounding < scores[0]):
            break
        stop = index.cuts[cut + 1] if cut + 1 < len(index.cuts) else len(index.items)
        for place in range(index.cuts[cut], stop):
            item = index.items[place]
            if is_eligible(eligibility, item, but):
                if place < len(index.head):
                    score = inner_product(index.head, place * width, query, 0, width)
                else:
                    score = inner_product(index.vectors, item * width, query, 0, width)
                count = offer(items, scores, count, k, item, score)
    sort_best_first(items, scores, count)
    return count


@compiled
def _write_lengths(starts: npt.NDArray[np.int64], query: Vector, lengths: Vector) -> None:
    """The length of each part of a query vector."""
    for part in range(len(starts)):
        stop = starts[part + 1] if part + 1 < len(starts) else len(query)
        squares = np.float32(0)
        for place in range(starts[part], stop):
            squares += query[place] * query[place]
        lengths[part] = math.sqrt(squares)


@compiled
def _bound(longest: Vector, lengths: Vector, cut: int) -> float:
    """What no item from a cut on scores above, but for rounding."""
    bound = 0.0
    for part in range(len(lengths)):
        bound += np.float64(longest[cut, part]) * np.float64(lengths[part])
    return bound

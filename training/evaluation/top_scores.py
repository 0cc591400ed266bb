"""The highest of the scores that a baseline gives, dense or mostly shared by all cases."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from training.evaluation.answers import Picks
from training.evaluation.metrics import NO_ITEM

# Of more scores only those are sorted that may be among the highest, by the maxima of parts.
WIDE, PART = 20_000, 128

Scores = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shared:
    """Scores (n_items,) float64 of items whatever is given; `order` (n_items,) is from the highest to the lowest, equal
    ones in the order of the items."""

    scores: npt.NDArray[np.float64]
    order: Counts


def share(scores: npt.NDArray[np.float64]) -> Shared:
    """What all cases share."""
    return Shared(scores, np.argsort(-scores, kind="stable"))


@dataclass(frozen=True)
class Few:
    """Scores (n, n_items) most of which are the same for all cases: those of `shared`, but for what `own` adds."""

    own: csr_array
    shared: Shared


def top_of_few(few: Few, hidden: csr_array, k: int) -> Picks:
    """As `top` of the scores as a whole, but for where `hidden` (n, n_items) has entries."""
    n, n_items = few.own.shape
    items = np.full((n, k), NO_ITEM, np.int32)
    scores = np.full((n, k), np.nan, np.float32)
    marked = np.zeros(n_items, np.bool_)
    for row in range(n):
        own, added = _entries(few.own, row)
        not_shown = _entries(hidden, row)[0]
        marked[not_shown] = True
        shown = ~marked[own]
        marked[own] = True
        others = few.shared.order[: k + len(own) + len(not_shown)]
        others = others[~marked[others]][:k]
        marked[own] = marked[not_shown] = False
        found = np.concatenate([own[shown], others])
        theirs = few.shared.scores[found]
        theirs[: len(found) - len(others)] += added[shown]
        best = _best_of(theirs.astype(np.float32), found, k)
        items[row, : len(best)], scores[row, : len(best)] = found[best], theirs[best]
    return Picks(items, scores)


def _best_of(scores: Scores, items: Counts, k: int) -> Counts:
    """Where the k highest scores (n,) are, best first; equal ones in the order of the items (n,)."""
    some = np.arange(len(scores))
    if len(scores) > k:
        some = np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
    return some[np.lexsort((items[some], -scores[some]))[:k]]


def _entries(matrix: csr_array, row: int) -> tuple[npt.NDArray[np.int32], Scores]:
    some = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[some], matrix.data[some]


def top(scores: Scores, k: int) -> Picks:
    """The k highest finite scores of each row (n, n_items), best first; equal ones in the order of the items."""
    width = min(k, scores.shape[1])
    if scores.shape[1] > WIDE:
        items = np.array([_highest(row, k) for row in scores]).reshape(-1, k)
    else:
        items = np.argpartition(-scores, width - 1, axis=1)[:, :width]
    chosen = np.take_along_axis(scores, items, axis=1)
    order = np.lexsort((items, -chosen), axis=1)
    items, chosen = np.take_along_axis(items, order, axis=1), np.take_along_axis(chosen, order, axis=1)
    padding = ((0, 0), (0, k - width))
    items = np.pad(np.where(np.isfinite(chosen), items, NO_ITEM), padding, constant_values=NO_ITEM)
    chosen = np.pad(np.where(np.isfinite(chosen), chosen, np.nan), padding, constant_values=np.nan)
    return Picks(items.astype(np.int32), chosen.astype(np.float32))


def _highest(scores: Scores, k: int) -> Counts:
    """Where the k highest of many scores (n_items,) are: none is below the k-th highest of the maxima of parts."""
    maxima = np.maximum.reduceat(scores, np.arange(0, len(scores), PART))
    bound = np.partition(maxima, len(maxima) - k)[len(maxima) - k]
    equal = np.flatnonzero(scores == bound)[:k]
    found = np.concatenate([np.flatnonzero(scores > bound), equal])
    return found[np.lexsort((found, -scores[found]))[:k]]

"""Which items go with those of a basket, a session or a history: their co-purchases or basket weights, added up."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.model.index import NO_HITS, Hits, best
from artifacts.model.model import Model
from artifacts.queries.eligibility import Mask

# Adding up in an array of all items beats sorting the entries as long as there are not many more items than entries.
ITEMS_PER_ENTRY = 16


@dataclass(frozen=True)
class NeighbourScores:
    """`items` (m,) int64, distinct, ascending; `scores` (m,) float32. Every other item's score is 0."""

    items: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]

    def of(self, items: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """(n,) float32: the score of each of some items (n,)."""
        if len(self.items) == 0:
            return np.zeros(len(items), np.float32)
        place = self.items.searchsorted(items)
        place[place == len(self.items)] = 0
        return np.where(self.items[place] == items, self.scores[place], np.float32(0))

    def best(self, eligible: Mask, k: int) -> Hits:
        """The k eligible items with the largest positive scores."""
        if len(self.items) == 0:
            return NO_HITS
        chosen = eligible[self.items] & (self.scores > 0)
        return best(self.items[chosen], self.scores[chosen], k)


NO_NEIGHBOUR_SCORES = NeighbourScores(np.empty(0, np.int64), np.empty(0, np.float32))


def add_up_neighbours(
    model: Model, items: npt.NDArray[np.int32], strength: npt.NDArray[np.float32] | None = None
) -> NeighbourScores:
    """The neighbour scores of items (m,), taken as one basket: the sum over their rows, each row times the item's
    `strength` (m,), 1 where there is none."""
    table = model.neighbour_table(items)
    rows = [table.row(index) for index in items.tolist()]
    if not rows:
        return NO_NEIGHBOUR_SCORES
    others = np.concatenate([table.items[row] for row in rows])
    scores = np.concatenate([table.score[row] for row in rows])
    if strength is not None:
        scores *= np.repeat(strength, [row.stop - row.start for row in rows])
    if len(model.item_ids) <= ITEMS_PER_ENTRY * len(others):
        sums = np.bincount(others, scores, len(model.item_ids)).astype(np.float32)
        distinct = sums.nonzero()[0]
        return NeighbourScores(distinct, sums[distinct])
    distinct, place = np.unique(others, return_inverse=True)
    return NeighbourScores(distinct.astype(np.int64), np.bincount(place, scores, len(distinct)).astype(np.float32))


def neighbours_by_item(model: Model, items: npt.NDArray[np.int32], other: int) -> npt.NDArray[np.float32]:
    """(m,) float32: what each of some items (m,), taken as one basket, adds to another's neighbour score."""
    table = model.neighbour_table(items)
    added = np.zeros(len(items), np.float32)
    for place, index in enumerate(items.tolist()):
        row = table.row(index)
        added[place] = table.score[row][table.items[row] == other].sum()
    return added

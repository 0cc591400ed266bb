"""The few hundred items worth the ranker's look, and where each came from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.model.index import Hits, best
from artifacts.model.model import Model
from artifacts.queries.eligibility import Mask, without
from artifacts.queries.query import Source
from artifacts.queries.scoring import frequency_scores
from artifacts.queries.user_state import UserState

FROM_INDEX = 100
FROM_NEIGHBOURS = 50
FROM_HISTORY = 100
# The entries of the user's history that say most; a wholesaler's thousand items would cost milliseconds.
MAX_ITEMS_ADDED_UP = 100
# Adding up in an array of all items beats sorting those spoken of as long as there are not many more.
MOST_COUNTED = 50_000


@dataclass(frozen=True)
class Candidates:
    """`items` (n,) int64, distinct; `company` (n,) float32, what the user's items say of each; a source for each."""

    items: npt.NDArray[np.int64]
    neighbour_scores: npt.NDArray[np.float32]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class NeighbourScores:
    """What is said of items: `items` (m,) int64, distinct, ascending; `scores` (m,) float32. Of others nothing is."""

    items: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]

    def of(self, items: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """(n,) float32: what is said of each of some items (n,), 0 where nothing is."""
        if len(self.items) == 0:
            return np.zeros(len(items), np.float32)
        place = self.items.searchsorted(items)
        place[place == len(self.items)] = 0
        return np.where(self.items[place] == items, self.scores[place], np.float32(0))

    def best(self, eligible: Mask, k: int) -> Hits:
        """The k eligible items that most is said for."""
        chosen = eligible[self.items] & (self.scores > 0)
        return best(self.items[chosen], self.scores[chosen], k)


NO_NEIGHBOUR_SCORES = NeighbourScores(np.empty(0, np.int64), np.empty(0, np.float32))


def find_candidates(model: Model, user_state: UserState, wanted: npt.NDArray[np.float32], eligible: Mask) -> Candidates:
    """What the index, the company of the user's items and, where eligible, the user's own purchases suggest for a
    query vector `wanted`."""
    neighbour_scores = add_up_neighbours(model, user_state.items, user_state.strength)
    bought = user_state.bought
    new = without(eligible, bought)
    near, _ = model.index.search(wanted, new, FROM_INDEX)
    new[near] = False
    beside, _ = neighbour_scores.best(new, FROM_NEIGHBOURS)
    own = _own(model, user_state, wanted, eligible)
    items = np.concatenate([own, near, beside])
    sources = (Source.HISTORY,) * len(own) + (Source.ALS,) * len(near) + (Source.CO_PURCHASE,) * len(beside)
    return Candidates(items, neighbour_scores.of(items), sources)


def add_up_neighbours(model: Model, items: npt.NDArray[np.int32], strength: npt.NDArray[np.float32]) -> NeighbourScores:
    """What the strongest of some items, taken as one basket, say of others."""
    order = np.argsort(-strength, kind="stable")[:MAX_ITEMS_ADDED_UP]
    table = model.neighbour_table(items)
    rows = [table.row(index) for index in items[order].tolist()]
    if not rows:
        return NO_NEIGHBOUR_SCORES
    scored_items = np.concatenate([table.items[row] for row in rows])
    strengths = np.repeat(strength[order], [row.stop - row.start for row in rows])
    said = np.concatenate([table.score[row] for row in rows]) * strengths
    if len(model.item_ids) <= MOST_COUNTED:
        sums = np.bincount(scored_items, said, len(model.item_ids)).astype(np.float32)
        distinct = sums.nonzero()[0]
        return NeighbourScores(distinct, sums[distinct])
    distinct, place = np.unique(scored_items, return_inverse=True)
    return NeighbourScores(distinct.astype(np.int64), np.bincount(place, said).astype(np.float32))


def _own(model: Model, user_state: UserState, wanted: npt.NDArray[np.float32], eligible: Mask) -> npt.NDArray[np.int64]:
    items = user_state.history.items.astype(np.int64)
    allowed = eligible[items] & (user_state.history.times_bought > 0)
    scores = model.item_vectors[items[allowed]] @ wanted + frequency_scores(model, user_state)[allowed]
    return best(items[allowed], scores, FROM_HISTORY)[0]

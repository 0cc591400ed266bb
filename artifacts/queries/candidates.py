"""The few hundred items that the ranker scores."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.model.index import best
from artifacts.model.model import Model
from artifacts.queries.eligibility import Mask, without
from artifacts.queries.neighbours import add_up_neighbours
from artifacts.queries.scoring import blend_scores
from artifacts.queries.user_state import UserState

FROM_INDEX = 100
FROM_NEIGHBOURS = 50
FROM_HISTORY = 100


@dataclass(frozen=True)
class Candidates:
    """`items` (n,) int64, distinct; `neighbour_scores` (n,) float32, those of the user's items."""

    items: npt.NDArray[np.int64]
    neighbour_scores: npt.NDArray[np.float32]


def find_candidates(
    model: Model, user_state: UserState, query_vector: npt.NDArray[np.float32], eligible: Mask
) -> Candidates:
    """The user's own purchases, what the index finds for the query vector, and the neighbours of the user's items."""
    basket = user_state.neighbour_basket(ranked=True)
    neighbour_scores = add_up_neighbours(model, user_state.items[basket.places], basket.strength)
    bought = user_state.bought
    new = without(eligible, bought)
    near, _ = model.index.search(query_vector, new, FROM_INDEX)
    new[near] = False
    beside, _ = neighbour_scores.best(new, FROM_NEIGHBOURS)
    own = _own(model, user_state, query_vector, eligible)
    items = np.concatenate([own, near, beside])
    return Candidates(items, neighbour_scores.of(items))


def _own(
    model: Model, user_state: UserState, query_vector: npt.NDArray[np.float32], eligible: Mask
) -> npt.NDArray[np.int64]:
    items = user_state.history.items.astype(np.int64)
    allowed = eligible[items] & (user_state.history.times_bought > 0)
    scores = blend_scores(model, query_vector, items[allowed], user_state.history.frequency[allowed])
    return best(items[allowed], scores, FROM_HISTORY)[0]

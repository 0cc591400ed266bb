"""The few hundred items that the ranker scores."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.compiled import compiled
from artifacts.core.steps.eligibility import CANDIDATE, OWNED, Eligibility, is_eligible, mark
from artifacts.core.steps.machine_words import inner_product
from artifacts.core.steps.neighbours import Sums, best_neighbours
from artifacts.core.steps.person import Person, Weights
from artifacts.core.steps.search import Index, search
from artifacts.core.steps.top_k import offer, sort_best_first
from artifacts.queries.candidates import FROM_HISTORY, FROM_INDEX, FROM_NEIGHBOURS

Items = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]


class Candidates(NamedTuple):
    """Places for FROM_HISTORY + FROM_INDEX + FROM_NEIGHBOURS of them: `items` int32, `neighbour_scores` float32, and
    `found` float32 for the scores they were found by; `found_items` int32 for what else is found."""

    items: Items
    neighbour_scores: Scores
    found: Scores
    found_items: Items


@compiled
def find_candidates(
    index: Index,
    weights: Weights,
    person: Person,
    query: Scores,
    lengths: Scores,
    eligibility: Eligibility,
    hidden: int,
    sums: Sums,
    candidates: Candidates,
) -> int:
    """Write the user's own purchases, what the index finds for the query vector, and the neighbours of the user's
    items, as `artifacts.queries.candidates` does; how many there are, each marked as one.

    What has the marks `hidden` is not eligible; all that the user bought is marked as owned.
    """
    items, found = candidates.items, candidates.found
    own = _own(index, weights, person, query, eligibility, hidden, items, found)
    hidden |= OWNED
    near = search(index, query, lengths, eligibility, hidden, FROM_INDEX, items[own:], found[own:])
    mark(eligibility.marks, items[: own + near], CANDIDATE)
    start = own + near
    beside = best_neighbours(sums, eligibility, hidden | CANDIDATE, FROM_NEIGHBOURS, items[start:], found[start:])
    mark(eligibility.marks, items[start : start + beside], CANDIDATE)
    for place in range(start + beside):
        candidates.neighbour_scores[place] = np.float32(sums.totals[items[place]])
    return start + beside


@compiled
def _own(
    index: Index,
    weights: Weights,
    person: Person,
    query: Scores,
    eligibility: Eligibility,
    hidden: int,
    items: Items,
    scores: Scores,
) -> int:
    count, width = 0, len(query)
    for entry in range(len(person.bought_items)):
        item = person.bought_items[entry]
        if person.times_bought[entry] > 0 and is_eligible(eligibility, item, hidden):
            score = inner_product(index.vectors, item * width, query, 0, width)
            score += weights.frequency * person.frequency[entry]
            count = offer(items, scores, count, FROM_HISTORY, item, score)
    sort_best_first(items, scores, count)
    return count

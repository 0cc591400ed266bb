"""The few hundred items worth the ranker's look, and where each came from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.eligibility import Mask, without
from artifacts.index import best
from artifacts.model import Model
from artifacts.person import Person
from artifacts.query import Source
from artifacts.scoring import frequency_scores

FROM_INDEX = 100
FROM_COMPANY = 50
FROM_HISTORY = 100
# The entries of the user's history that say most; a wholesaler's thousand items would cost milliseconds.
MAX_SPEAKERS = 100


@dataclass(frozen=True)
class Candidates:
    """`items` (n,) int64, distinct; `company` (n,) float32, what the user's items say of each; a source for each."""

    items: npt.NDArray[np.int64]
    company: npt.NDArray[np.float32]
    sources: tuple[Source, ...]


def find_candidates(model: Model, person: Person, wanted: npt.NDArray[np.float32], eligible: Mask) -> Candidates:
    """What the index, the company of the user's items and, where eligible, the user's own purchases suggest for a
    query vector `wanted`."""
    company = company_scores(model, person.items, person.strength)
    bought = person.bought
    new = without(eligible, bought)
    near, _ = model.index.search(wanted, new, FROM_INDEX)
    new[near] = False
    spoken = np.flatnonzero(new & (company > 0))
    beside, _ = best(spoken, company[spoken], FROM_COMPANY)
    own = _own(model, person, wanted, eligible)
    items = np.concatenate([own, near, beside])
    sources = (Source.HISTORY,) * len(own) + (Source.ALS,) * len(near) + (Source.CO_PURCHASE,) * len(beside)
    return Candidates(items, company[items], sources)


def company_scores(
    model: Model, items: npt.NDArray[np.int32], strength: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """(n_items,) float32: what the strongest of some items, taken as one basket, say of every item."""
    order = np.argsort(-strength, kind="stable")[:MAX_SPEAKERS]
    table = model.spoken_by(items)
    rows = [table.row(index) for index in items[order].tolist()]
    if not rows:
        return np.zeros(len(model.item_ids), np.float32)
    spoken_of = np.concatenate([table.items[row] for row in rows])
    loudness = np.repeat(strength[order], [row.stop - row.start for row in rows])
    said = np.concatenate([table.score[row] for row in rows]) * loudness
    return np.bincount(spoken_of, said, len(model.item_ids)).astype(np.float32)


def _own(model: Model, person: Person, wanted: npt.NDArray[np.float32], eligible: Mask) -> npt.NDArray[np.int64]:
    items = person.history.items.astype(np.int64)
    allowed = eligible[items] & (person.history.times_bought > 0)
    scores = model.item_vectors[items[allowed]] @ wanted + frequency_scores(model, person)[allowed]
    return best(items[allowed], scores, FROM_HISTORY)[0]

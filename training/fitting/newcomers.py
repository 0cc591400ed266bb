"""Who recently came to an item: the taste of the users who bought it for the first time."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from artifacts.model.half_lives import RECENT_DAYS, decay
from artifacts.model.model import History
from artifacts.queries.scoring import unit_vectors

SAMPLE = 2_000
USERS_AT_ONCE = 50
ROUNDING = 1e-4


def newcomer_vectors(
    history: History, user_factors: npt.NDArray[np.float32], n_items: int, until: int, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """(n_items, n_factors) float32: sums of unit user vectors, a first purchase counting less the older it is.

    An item that is finding its audience now is told apart from one that always had it, which factors fitted on
    months of purchases do not see. Scaled so that 1 is the best score that a sample of users gives to any item.
    """
    unit = unit_vectors(user_factors)
    bought = history.times_bought > 0
    weight = np.where(bought, decay(until - history.first, RECENT_DAYS), 0).astype(np.float32)
    firsts = csr_array((weight, history.items, history.indptr), shape=(len(unit), n_items))
    vectors = np.asarray(firsts.T @ unit, np.float32)
    sample = rng.choice(len(unit), min(SAMPLE, len(unit)), replace=False)
    best = _best_score(vectors, unit[sample])
    return vectors / np.float32(best) if best > 0 else vectors


def _best_score(vectors: npt.NDArray[np.float32], users: npt.NDArray[np.float32]) -> float:
    """The largest inner product of any vector with any of the users (n, n_factors); 0 without users.

    Products of matrices find who may reach it; theirs alone are then looked at one by one, as rounding depends on
    what a product is computed along with.
    """
    blocks = [users[start : start + USERS_AT_ONCE] for start in range(0, len(users), USERS_AT_ONCE)]
    reached = np.concatenate([np.empty(0, np.float32), *((vectors @ block.T).max(axis=0) for block in blocks)])
    near = np.flatnonzero(reached >= (1 - ROUNDING) * reached.max(initial=0))
    return max((float((vectors @ users[user]).max()) for user in near.tolist()), default=0.0)

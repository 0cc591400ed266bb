"""Who lately came to an item: the taste of the users who bought it for the first time."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from artifacts.model import History
from artifacts.scoring import unit_vectors
from training.history import decay
from training.popularity import RECENT_DAYS

SAMPLE = 2_000


def newcomer_vectors(
    history: History, user_factors: npt.NDArray[np.float32], n_items: int, until: int, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """(n_items, n_factors) float32: sums of unit user vectors, a first purchase counting less the older it is.

    An item that is finding its audience now is told apart from one that always had it, which factors fitted on
    months of purchases do not see. Scaled so that 1 is the best score that a sample of users gives to any item.
    """
    unit = unit_vectors(user_factors)
    bought = history.times_bought > 0
    weight = np.where(bought, decay(history.first, until, RECENT_DAYS), 0).astype(np.float32)
    firsts = csr_array((weight, history.items, history.indptr), shape=(len(unit), n_items))
    vectors = np.asarray(firsts.T @ unit, np.float32)
    sample = rng.choice(len(unit), min(SAMPLE, len(unit)), replace=False)
    best = max((float((vectors @ unit[user]).max()) for user in sample), default=0.0)
    return vectors / np.float32(best) if best > 0 else vectors

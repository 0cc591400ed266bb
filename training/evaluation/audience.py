"""Are the customers who score highest for an item those who buy it?"""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from artifacts.model.model import Model
from artifacts.queries.audience import audience_scores
from training.evaluation.metrics import Values

TARGETED_SHARE = 0.10
MIN_BUYERS = 10
# (items, users) scores held at a time.
CELLS = 16_000_000


def audience_lifts(model: Model, bought: csr_array, max_items: int, rng: np.random.Generator) -> Values:
    """(m,): for each item with enough buyers, how many times more of them a campaign to the TARGETED_SHARE of
    customers who score highest for it reaches than one to as many customers by chance.

    `bought` (n_users, at least n_items) is non-zero where a known user bought an item in the window; of more items
    than `max_items` a sample is looked at.
    """
    buyers = csr_array(bought.T)
    enough = np.flatnonzero(np.diff(buyers.indptr)[: len(model.item_ids)] >= MIN_BUYERS)
    items = np.sort(rng.choice(enough, min(max_items, len(enough)), replace=False))
    step = max(CELLS // max(len(model.user_ids), 1), 1)
    with threadpool_limits(1):
        parts = [_lifts(model, buyers, items[start : start + step]) for start in range(0, len(items), step)]
    return np.concatenate([np.empty(0), *parts])


def _lifts(model: Model, buyers: csr_array, items: npt.NDArray[np.int64]) -> Values:
    scores = audience_scores(model, items)
    n_targeted = max(round(TARGETED_SHARE * scores.shape[1]), 1)
    targeted = np.argpartition(-scores, n_targeted - 1, axis=1)[:, :n_targeted]
    reached = np.zeros_like(scores, np.bool_)
    np.put_along_axis(reached, targeted, values=True, axis=1)
    found = [
        reached[row, buyers.indices[buyers.indptr[item] : buyers.indptr[item + 1]]].mean()
        for row, item in enumerate(items)
    ]
    return np.asarray(found, np.float64) * np.float64(scores.shape[1] / n_targeted)

"""For whom is this item?"""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from artifacts.model.model import Model
from artifacts.queries.scoring import blend_scores, query_vectors


def audience_scores(model: Model, items: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """How each known user scores each of the item indexes (m,): (m, n_users) float32, what `rank` gives them."""
    history, queries = model.history, query_vectors(model.recipe.weights, model.user_factors)
    shape = (len(model.user_ids), len(model.item_ids))
    frequency = csr_array((history.frequency, history.items, history.indptr), shape=shape).tocsc()
    scores = np.empty((len(items), len(queries)), np.float32)
    for row, item in enumerate(items.tolist()):
        scores[row] = blend_scores(model, queries, item, frequency[:, [item]].toarray()[:, 0])
    return scores

"""For whom is this item?"""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from artifacts.model.model import Model
from artifacts.queries.scoring import query_vectors


def audience_scores(model: Model, items: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """How each known user scores each of the item indexes (m,): (m, n_users) float32, what `rank` gives them."""
    weights, history = model.recipe.weights, model.history
    shape = (len(model.user_ids), len(model.item_ids))
    habits = csr_array((history.frequency, history.items, history.indptr), shape=shape)
    own = np.float32(weights.frequency) * habits.tocsc()[:, items].toarray().T
    return np.asarray(model.item_vectors[items] @ query_vectors(weights, model.user_factors).T + own, np.float32)

"""What the items of a basket, taken together, say of every other item: ridge regression over baskets."""

import numpy as np
from scipy.sparse import csr_array

from artifacts.model.half_lives import BASKET_DAYS, decay
from artifacts.model.model import BasketWeights
from training.fitting.ridge import Matrix, regress_items
from training.interactions.dataset import Dataset

# The regression inverts a dense (n_items, n_items) matrix: half a gigabyte and about a minute at this size.
MAX_ITEMS = 8_000
PER_ITEM = 100
REGULARIZATION = 0.6  # of the mean diagonal of the Gram matrix
POPULARITY_DISCOUNT = 0.1


def fit_basket_weights(dataset: Dataset) -> BasketWeights:
    """EASE (Steck 2019, eq. 8) over baskets instead of users, each row cut to its `PER_ITEM` strongest weights.

    A basket's row of X^T X counts 2^(-age / half-life) / sqrt(size). Negative weights are kept: they say what makes an
    item superfluous. Columns are divided by a weak power of the item's popularity. Empty for a catalogue of more than
    `MAX_ITEMS` items.
    """
    n_items = dataset.n_items
    if n_items > MAX_ITEMS or not dataset.purchase.any():
        return BasketWeights(np.zeros(n_items + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    gram = _gram(dataset)
    sold = np.diag(gram).copy()
    weights = regress_items(gram, REGULARIZATION * float(sold.mean()))
    weights *= (sold + 0.02 * sold.mean()) ** -POPULARITY_DISCOUNT
    return _strongest(weights)


def _gram(dataset: Dataset) -> Matrix:
    basket, item = dataset.basket[dataset.sales], dataset.item[dataset.sales]
    _, row, size = np.unique(basket, return_inverse=True, return_counts=True)
    weight = decay(dataset.until - dataset.time[dataset.sales], BASKET_DAYS) / np.sqrt(size[row])
    baskets = csr_array((np.sqrt(weight), (row, item)), shape=(len(size), dataset.n_items))
    return np.asarray((baskets.T @ baskets).toarray(), np.float64)


def _strongest(weights: Matrix) -> BasketWeights:
    n_items = len(weights)
    width = min(PER_ITEM, n_items)
    items = np.sort(np.argpartition(-np.abs(weights), width - 1, axis=1)[:, :width], axis=1)
    kept = np.take_along_axis(weights, items, axis=1)
    filled = kept != 0
    indptr = np.concatenate([[0], np.cumsum(filled.sum(axis=1))])
    return BasketWeights(indptr.astype(np.int64), items[filled].astype(np.int32), kept[filled].astype(np.float32))

"""Which items are bought in the same basket."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from tqdm import tqdm

from artifacts.model import Neighbours
from training.dataset import Dataset
from training.history import decay

MIN_SUPPORT = 2
PER_ITEM = 100
# A basket larger than this says nothing about pairs, and its pairs would be most of the work.
MAX_BASKET = 500
HALF_LIFE_DAYS = 90.0
# An item seen in less than about this many fresh baskets tells little of what goes with it.
SHRINKAGE = 1.0
CHUNK = 2_000


@dataclass(frozen=True)
class _Baskets:
    """`counts` (n_pair_baskets, n_items) is 1 where a basket of two items or more, and not too large, holds the item;
    `weights` is the same weighted by age / size, and `partners` (n_items,) float64 the sum of an item's pair weights.

    `baskets_of` (n_items,) counts all baskets with the item and `n_baskets` all there are, those of one item too:
    who buys an item alone lowers the confidence of what goes with it.
    """

    counts: csr_array
    weights: csr_array
    partners: npt.NDArray[np.float64]
    baskets_of: npt.NDArray[np.int64]
    n_baskets: int


def find_neighbours(dataset: Dataset, show_progress: bool) -> Neighbours:
    """The best `PER_ITEM` co-purchases of each item with at least `MIN_SUPPORT` baskets in common.

    The score is how much more of an item's company the other is than of everybody's (the added value of Sahar and
    Mansour 1999), over baskets weighted by 1 / size and age, s_ij = w_ij / (w_i + SHRINKAGE) - w_j / w, with w_i and w
    the sums of the pairs' weights. A best seller that is bought with everything has no more of it than its share, and
    a single chance pair is below `MIN_SUPPORT`. Works through the items in chunks, so that memory holds one chunk's
    co-purchases at a time.
    """
    baskets = _read_baskets(dataset)
    parts = [
        _chunk(baskets, start)
        for start in tqdm(range(0, dataset.n_items, CHUNK), "neighbours", disable=not show_progress)
    ]
    sizes, items, score, support, confidence, lift = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Neighbours(
        indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        items=items.astype(np.int32),
        score=score.astype(np.float32),
        support=support.astype(np.int32),
        confidence=confidence.astype(np.float32),
        lift=lift.astype(np.float32),
    )


def _read_baskets(dataset: Dataset) -> _Baskets:
    bought = np.flatnonzero(dataset.purchase)
    keys, first = np.unique(dataset.basket[bought] * dataset.n_items + dataset.item[bought], return_index=True)
    basket, item = np.divmod(keys, dataset.n_items)
    size = np.bincount(basket)[basket]
    usable = (size >= 2) & (size <= MAX_BASKET)
    age = decay(dataset.time[bought[first]], dataset.until, HALF_LIFE_DAYS)
    _, row = np.unique(basket[usable], return_inverse=True)
    shape = (int(row.max(initial=-1)) + 1, dataset.n_items)
    where = (row, item[usable])
    # Above 0 in float32 however old: a product of sparse matrices drops pairs that sum to 0.
    weight = np.maximum((age / size)[usable], np.finfo(np.float32).tiny)
    return _Baskets(
        counts=csr_array((np.ones(len(row), np.float32), where), shape=shape),
        weights=csr_array((weight.astype(np.float32), where), shape=shape),
        partners=np.bincount(item[usable], weight * (size[usable] - 1), dataset.n_items).astype(np.float64),
        baskets_of=np.bincount(item, minlength=dataset.n_items),
        n_baskets=len(np.unique(basket)),
    )


def _chunk(baskets: _Baskets, start: int) -> tuple[npt.NDArray[Any], ...]:
    """Row sizes, items, score, support, confidence and lift for the items from `start` on."""
    some = baskets.counts[:, start : start + CHUNK].T.tocsr()
    support, together = some @ baskets.counts, some @ baskets.weights
    support.sort_indices()
    together.sort_indices()  # the two products hold the same pairs, now in the same order
    row, item = np.repeat(np.arange(support.shape[0]), np.diff(support.indptr)), support.indices
    shared = together.data / (baskets.partners[row + start] + SHRINKAGE)
    added = shared - baskets.partners[item] / max(float(baskets.partners.sum()), 1e-9)
    keep = (support.data >= MIN_SUPPORT) & (item != row + start) & (added > 0)
    row, item, support_of, score = row[keep], item[keep], support.data[keep], added[keep]
    order = np.lexsort((item, -score, row))
    row, item, support_of, score = row[order], item[order], support_of[order], score[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    best = place < PER_ITEM
    row, item, support_of, score = row[best], item[best], support_of[best], score[best]
    confidence = support_of / baskets.baskets_of[row + start]
    lift = confidence * baskets.n_baskets / baskets.baskets_of[item]
    return np.bincount(row, minlength=some.shape[0]), item, score, support_of, confidence, lift

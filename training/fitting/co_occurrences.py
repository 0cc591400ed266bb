"""Which items are found together: in one basket, or in what somebody looked at on one day."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from tqdm import tqdm

from artifacts.cpus import available_cpus
from artifacts.model.half_lives import CO_OCCURRENCE_DAYS, decay
from artifacts.model.model import CoOccurrences
from training.interactions.ordering import begins_run

MIN_SUPPORT = 2
PER_ITEM = 100
# A group larger than this says nothing about pairs, and its pairs would be most of the work.
MAX_GROUP = 500
# An item seen in less than about this many fresh groups tells little of what goes with it.
SHRINKAGE = 1.0
PAIRS = 20_000_000  # found at a time: about half a gigabyte


@dataclass(frozen=True)
class Groups:
    """Which item was in which group, such as a basket, (n_entries,) each: every pair of `group` int64, numbered from 0,
    and `item` int32 once, by group; `age` int64 is how many seconds ago that was. There are `n_items` items.
    """

    group: npt.NDArray[np.int64]
    item: npt.NDArray[np.int32]
    age: npt.NDArray[np.int64]
    n_items: int


@dataclass(frozen=True)
class _Counted:
    """The groups of two items or more, and not too large.

    `weighted` (n_groups, n_items) complex64 is 1 + iw where a group holds an item, w being age / size;
    `by_item` (n_items, n_groups) complex64 is 1 there. `work` (n_items,) int64 is the sum of the sizes of an item's
    groups, `partners` (n_items,) float64 that of its pair weights.
    `groups_of` (n_items,) counts all groups with the item and `n_groups` all there are, those of one item too:
    who buys an item alone lowers the confidence of what goes with it.
    """

    weighted: csr_array
    by_item: csr_array
    work: npt.NDArray[np.int64]
    partners: npt.NDArray[np.float64]
    groups_of: npt.NDArray[np.int64]
    n_groups: int


def no_co_occurrences(n_items: int) -> CoOccurrences:
    """No item is found with another."""
    floats, whole = np.empty(0, np.float32), np.empty(0, np.int32)
    return CoOccurrences(np.zeros(n_items + 1, np.int64), whole, floats, whole, floats, floats)


def count_co_occurrences(groups: Groups, label: str, show_progress: bool) -> CoOccurrences:
    """The best `PER_ITEM` companions of each item with at least `MIN_SUPPORT` groups in common.

    The score is how much more often the other is found with an item than with any (the added value of Sahar and
    Mansour 1999), over groups weighted by 1 / size and age, s_ij = w_ij / (w_i + SHRINKAGE) - w_j / w, with w_i and w
    the sums of the pairs' weights. A best seller that is bought with everything has no more of it than its share, and
    a single chance pair is below `MIN_SUPPORT`. Works through the items in chunks of at most `PAIRS` pairs, or of
    one item, over all threads, so that memory does not grow with the groups.
    """
    counted, threads = _count(groups), available_cpus()
    chunks = _chunks(counted.work, PAIRS // threads)
    parts = []
    with (
        tqdm(desc=label, total=groups.n_items, unit=" items", disable=not show_progress) as bar,
        ThreadPoolExecutor(threads) as pool,  # SciPy lets go of the interpreter while it multiplies
    ):
        for part in pool.map(partial(_chunk, counted), chunks):
            parts.append(part)
            bar.update(len(part[0]))
    sizes, items, score, support, confidence, lift = (np.concatenate(column) for column in zip(*parts, strict=True))
    return CoOccurrences(
        indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        items=items.astype(np.int32),
        score=score.astype(np.float32),
        support=support.astype(np.int32),
        confidence=confidence.astype(np.float32),
        lift=lift.astype(np.float32),
    )


def _count(groups: Groups) -> _Counted:
    group, item, age, n_items = groups.group, groups.item, groups.age, groups.n_items
    sizes = np.bincount(group)
    size = sizes[group]
    usable = (size >= 2) & (size <= MAX_GROUP)
    groups_of = np.bincount(item, minlength=n_items)
    group, item, age, size = group[usable], item[usable], age[usable], size[usable]
    # Above 0 in float32 however old: a product of sparse matrices drops pairs that sum to 0.
    weight = np.maximum(decay(age, CO_OCCURRENCE_DAYS) / size, np.finfo(np.float32).tiny)
    starts = np.append(np.flatnonzero(begins_run(group)), len(group)) if len(group) else np.zeros(1, np.int64)
    shape = (len(starts) - 1, n_items)
    weighted = csr_array(((1 + 1j * weight).astype(np.complex64), item, starts), shape=shape)
    return _Counted(
        weighted=weighted,
        by_item=csr_array((np.ones(len(item), np.complex64), item, starts), shape=shape).T.tocsr(),
        work=np.bincount(item, size, n_items).astype(np.int64),
        partners=np.bincount(item, weight * (size - 1), n_items).astype(np.float64),
        groups_of=groups_of,
        n_groups=int(np.count_nonzero(sizes)),
    )


def _chunks(work: npt.NDArray[np.int64], pairs: int) -> Iterator[slice]:
    """Items of about as much work each: one, or as many as make no more than so many pairs."""
    done, start = np.cumsum(work), 0
    while start < len(work):
        before = done[start] - work[start]
        stop = max(int(np.searchsorted(done, before + pairs, "right")), start + 1)
        yield slice(start, stop)
        start = stop


def _chunk(counted: _Counted, some: slice) -> tuple[npt.NDArray[Any], ...]:
    """Row sizes, items, score, support, confidence and lift for some items. One product of complex numbers gives both
    counts and weights of the pairs."""
    pairs = counted.by_item[some] @ counted.weighted
    row, item = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr)), pairs.indices
    often = (pairs.data.real >= MIN_SUPPORT) & (item != row + some.start)
    row, item, support, together = row[often], item[often], pairs.data.real[often], pairs.data.imag[often]
    shared = together / (counted.partners[row + some.start] + SHRINKAGE)
    added = shared - counted.partners[item] / max(float(counted.partners.sum()), 1e-9)
    kept = np.flatnonzero(added > 0)
    order = kept[np.lexsort((item[kept], -added[kept], row[kept]))]
    best = order[np.arange(len(order)) - np.searchsorted(row[order], row[order]) < PER_ITEM]
    row, item, support, score = row[best], item[best], support[best], added[best]
    confidence = support / counted.groups_of[row + some.start]
    lift = confidence * counted.n_groups / counted.groups_of[item]
    return np.bincount(row, minlength=pairs.shape[0]), item, score, support, confidence, lift

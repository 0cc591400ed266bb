"""Each user's interactions with each item, and the matrix that ALS is fitted on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from implicit.nearest_neighbours import bm25_weight
from scipy.sparse import coo_matrix, csr_array

from artifacts.model.half_lives import FREQUENCY_DAYS, decay
from artifacts.model.model import History
from training.config import ModelSettings
from training.interactions.dataset import GUEST, Dataset
from training.interactions.ordering import begins_run, stable_order

LEAST_BM25 = 0.01


@dataclass(frozen=True)
class Entries:
    """The known users' events, one for each (user, item, basket): (n_entries,) each, by user, then item, then time.

    `weight` is the largest event weight of the group.
    """

    user: npt.NDArray[np.int32]
    item: npt.NDArray[np.int32]
    time: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]
    purchase: npt.NDArray[np.bool_]


def known_entries(dataset: Dataset) -> Entries:
    """Leave out guests and events without weight, and count a basket's lines of the same item once."""
    known = np.flatnonzero((dataset.user != GUEST) & (dataset.weight > 0))
    by_basket = known[stable_order(dataset.basket[known])]
    order = by_basket[stable_order(dataset.user[by_basket] * np.int64(dataset.n_items) + dataset.item[by_basket])]
    starts = np.flatnonzero(begins_run(dataset.user[order], dataset.item[order], dataset.basket[order]))
    entries = order[starts]
    purchase = np.logical_or.reduceat(dataset.purchase[order], starts)
    weight = np.maximum.reduceat(dataset.weight[order], starts)
    user, item, time = dataset.user[entries], dataset.item[entries], dataset.time[entries]
    if ((time[1:] >= time[:-1]) | begins_run(user, item)[1:]).all():
        return Entries(user, item, time, weight, purchase)
    by_time = np.lexsort((time, item, user))  # a basket was filled around another one
    return Entries(user[by_time], item[by_time], time[by_time], weight[by_time], purchase[by_time])


def build_history(dataset: Dataset, settings: ModelSettings) -> tuple[History, float]:
    """The history of every user, and the strength r_ui of one fresh purchase in it.

    Strengths are decayed event weights, shaped by `settings.weighting` and scaled to a mean of 1 over all entries, so
    that alpha and the regularisation mean the same on every shop's data.
    """
    entries = known_entries(dataset)
    starts = np.flatnonzero(begins_run(entries.user, entries.item))
    user, item = entries.user[starts], entries.item[starts]
    age = dataset.until - entries.time
    decayed = entries.weight * decay(age, settings.half_life_days)
    strength, fresh = _shape(np.add.reduceat(decayed, starts), user, item, settings.weighting)
    bought = np.add.reduceat(entries.purchase.astype(np.int32), starts)
    habit = entries.purchase * decay(age, FREQUENCY_DAYS)
    first, last = _first_and_last(entries, starts, bought)
    return History(
        indptr=np.searchsorted(user, np.arange(dataset.n_users + 1)),
        items=item,
        strength=strength.astype(np.float32),
        times_bought=bought.astype(np.int32),
        frequency=np.log1p(np.add.reduceat(habit, starts)).astype(np.float32),
        first=first,
        last=last,
    ), fresh


def _first_and_last(
    entries: Entries, starts: npt.NDArray[np.int64], bought: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """When each group of entries was first and last bought; first and last looked at where it never was."""
    sizes = np.diff(starts, append=len(entries.time))
    counts = entries.purchase | np.repeat(bought == 0, sizes)
    limits = np.iinfo(np.int64)
    first = np.minimum.reduceat(np.where(counts, entries.time, limits.max), starts)
    last = np.maximum.reduceat(np.where(counts, entries.time, limits.min), starts)
    return first, last


def _shape(
    decayed: npt.NDArray[np.float64], user: npt.NDArray[np.int32], item: npt.NDArray[np.int32], weighting: str
) -> tuple[npt.NDArray[np.float64], float]:
    """Shaped strengths with mean 1, and what a single fresh purchase becomes on the same scale.

    All are above 0: ALS reads a negative strength as a dislike, and BM25 gives one to what nearly everybody buys.
    """
    if len(decayed) == 0:
        return decayed, 1.0
    if weighting == "bm25":
        shaped = np.maximum(bm25_weight(coo_matrix((decayed, (user, item)))).data, LEAST_BM25)
        fresh = float(shaped.mean())
    else:
        shaped = {"count": decayed, "log": np.log1p(decayed), "binary": np.ones_like(decayed)}[weighting]
        fresh = {"count": 1.0, "log": float(np.log(2.0)), "binary": 1.0}[weighting]
    scale = float(shaped.mean())
    return shaped / scale, fresh / scale


def user_item_matrix(history: History, n_items: int) -> csr_array:
    """(n_users, n_items) float32 of strengths; columns are all items, whether anybody bought them or not."""
    shape = (len(history.indptr) - 1, n_items)
    return csr_array((history.strength, history.items, history.indptr), shape=shape)

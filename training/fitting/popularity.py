"""What sells: overall, recently, rising, and again."""

import numpy as np
import numpy.typing as npt

from artifacts.model.half_lives import RECENT_DAYS, SECONDS_PER_DAY, decay
from artifacts.model.model import History, Popularity
from training.interactions.dataset import Dataset

TREND_DAYS = 28


def count_popularity(dataset: Dataset, history: History) -> Popularity:
    """Count baskets, guests' included, that hold an item; a basket counts once."""
    item, time = _sales(dataset)
    recent = np.bincount(item, decay(dataset.until - time, RECENT_DAYS), dataset.n_items)
    overall = np.bincount(item, minlength=dataset.n_items).astype(np.float64)
    return Popularity(
        overall=overall.astype(np.float32),
        recent=recent.astype(np.float32),
        trend=_trend(item, time, dataset).astype(np.float32),
        repeat_rate=_repeat_rate(history, dataset.n_items).astype(np.float32),
        order=np.lexsort((-overall, -recent)).astype(np.int32),
    )


def popularity_columns(popularity: Popularity) -> npt.NDArray[np.float32]:
    """(n_items, 2) float32: log recent popularity and trend, as they ride in the item vectors."""
    recent = np.log1p(popularity.recent)
    return np.column_stack([recent / max(float(recent.max()), 1e-9), popularity.trend]).astype(np.float32)


def typical_gap_days(history: History) -> float:
    """Median days between two purchases of the same item by the same user; 30 where nobody ever came back.

    Two baskets at the very same moment are no coming back, so that the gap is above 0.
    """
    again = (history.times_bought > 1) & (history.last > history.first)
    gaps = (history.last[again] - history.first[again]) / (history.times_bought[again] - 1) / SECONDS_PER_DAY
    return float(np.median(gaps)) if len(gaps) else 30.0


def _sales(dataset: Dataset) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Item and time of each distinct (basket, item) that was bought."""
    return dataset.item[dataset.sales], dataset.time[dataset.sales]


def _trend(item: npt.NDArray[np.int32], time: npt.NDArray[np.int64], dataset: Dataset) -> npt.NDArray[np.float64]:
    """log((1 + sales of the last 28 days) / (1 + sales of the 28 days before)), in [-1, 1] after dividing by 4."""
    age = (dataset.until - time) / SECONDS_PER_DAY
    late = np.bincount(item[age < TREND_DAYS], minlength=dataset.n_items)
    earlier = np.bincount(item[(age >= TREND_DAYS) & (age < 2 * TREND_DAYS)], minlength=dataset.n_items)
    return np.asarray(np.clip(np.log((1 + late) / (1 + earlier)) / 4, -1, 1))


def _repeat_rate(history: History, n_items: int) -> npt.NDArray[np.float64]:
    """Share of an item's buyers who bought it again, shrunk towards the shop's share by ten buyers."""
    bought = history.times_bought > 0
    buyers = np.bincount(history.items[bought], minlength=n_items)
    returned = np.bincount(history.items[history.times_bought > 1], minlength=n_items)
    shop = returned.sum() / max(buyers.sum(), 1)
    return np.asarray((returned + 10 * shop) / (buyers + 10))

"""Which items are bought in the same basket."""

from artifacts.model.model import CoOccurrences
from training.fitting.co_occurrences import Groups, count_co_occurrences
from training.interactions.dataset import Dataset


def count_co_purchases(dataset: Dataset, show_progress: bool) -> CoOccurrences:
    """The co-purchases of each item, as `count_co_occurrences` finds them; the groups are baskets."""
    rows = dataset.sales
    baskets = Groups(dataset.basket[rows], dataset.item[rows], dataset.until - dataset.time[rows], dataset.n_items)
    return count_co_occurrences(baskets, "co-purchases", show_progress)

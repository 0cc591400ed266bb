"""Which items are looked at by the same user on the same day, or in the same session."""

import numpy as np

from artifacts.model.half_lives import SECONDS_PER_DAY
from artifacts.model.model import CoOccurrences
from training.fitting.co_occurrences import Groups, count_co_occurrences
from training.interactions.dataset import GUEST, Dataset
from training.interactions.ordering import RowNumbers, begins_run, stable_order


def count_co_views(dataset: Dataset, show_progress: bool) -> CoOccurrences | None:
    """The co-views of each item, as `count_co_occurrences` finds them; None where no two items are viewed together.

    The groups are what a user viewed on one day (UTC), for views of a user seldom say of which visit they are, and what
    a visitor viewed in one session.
    """
    if not dataset.view.any():
        return None
    co_views = count_co_occurrences(_groups(dataset), "co-views", show_progress)
    return co_views if len(co_views.items) else None


def _groups(dataset: Dataset) -> Groups:
    """Each item once in each visit, at its first view there."""
    views = np.flatnonzero(dataset.view)
    visit = _visits(dataset, views)
    keys = visit * dataset.n_items + dataset.item[views]
    order = stable_order(keys)
    first = order[begins_run(keys[order])]
    rows = views[first]
    return Groups(visit[first], dataset.item[rows], dataset.until - dataset.time[rows], dataset.n_items)


def _visits(dataset: Dataset, views: RowNumbers) -> RowNumbers:
    """(n_views,) int64: of each view its user's day or its visitor's session, numbered from 0."""
    user, day = dataset.user[views].astype(np.int64), dataset.time[views] // SECONDS_PER_DAY
    day -= day.min()
    n_days = int(day.max()) + 1
    session = dataset.n_users * n_days + dataset.basket[views]
    keys = np.where(user == GUEST, session, user * n_days + day)
    order = stable_order(keys)
    visit = np.empty(len(keys), np.int64)
    visit[order] = np.cumsum(begins_run(keys[order])) - 1
    return visit

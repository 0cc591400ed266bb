"""What stood before a window, what came in it, and what to ask about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

import numpy as np

from training.config import Config
from training.evaluation.purchases import Past, Purchases, earlier_purchases, later_purchases, past_of
from training.evaluation.tasks import (
    Cases,
    Task,
    basket_completion,
    bought_later,
    discovery,
    item_page,
    new_customers,
    next_purchases,
)
from training.interactions.dataset import Dataset, encode
from training.interactions.interactions import Interactions
from training.interactions.windows import Window, before, within

# For a shop of any size the questions take a bounded time; the intervals tell what the sample costs.
MAX_CASES = 2_500


@dataclass(frozen=True)
class HoldOut:
    """A window and the history before it.

    `history` is all that may be fitted on and `dataset` its events by index; `earlier` and `past` are its purchases,
    `later` those of the window. `titles` by item number, also of items only sold in the window: to show, not to fit.
    """

    window: Window
    history: Interactions
    dataset: Dataset
    earlier: Purchases
    past: Past
    later: Purchases
    titles: tuple[str, ...]

    @property
    def start(self) -> float:
        """The window's start in Unix seconds."""
        return self.window.start.replace(tzinfo=UTC).timestamp()


def hold_out(interactions: Interactions, config: Config, window: Window) -> HoldOut | None:
    """Cut the history at the window; None unless somebody who had bought before bought something in it."""
    history = before(interactions, window.start)
    if history.frame["user_id"].drop_nulls().is_empty():
        return None
    dataset = encode(history.frame, history.catalogue["item_id"], config.purchase_event)
    earlier = earlier_purchases(dataset)
    later, item_ids = later_purchases(within(interactions, window, config.purchase_event), dataset)
    past = past_of(earlier, window.start.replace(tzinfo=UTC).timestamp(), dataset.n_users, dataset.n_items)
    titles = dict(interactions.catalogue.select("item_id", "title").iter_rows())
    shown = tuple(titles.get(item_id) or item_id for item_id in item_ids)
    holdout = HoldOut(window, history, dataset, earlier, past, later, shown)
    return holdout if _somebody_returned(holdout) else None


def _somebody_returned(holdout: HoldOut) -> bool:
    bought = bought_later(holdout.past, holdout.later)
    return bool(((np.diff(holdout.past.count.indptr) > 0) & (np.diff(bought.indptr) > 0)).any())


def make_cases(holdout: HoldOut, rng: np.random.Generator) -> Mapping[Task, Cases]:
    """The cases of every task that has any."""
    past, later, n_items = holdout.past, holdout.later, holdout.dataset.n_items
    cases = (
        next_purchases(past, later, MAX_CASES, rng),
        discovery(past, later, MAX_CASES, rng),
        new_customers(past, later, MAX_CASES, rng),
        basket_completion(later, n_items, MAX_CASES, rng),
        item_page(later, n_items, MAX_CASES, rng),
    )
    return {some.task: some for some in cases if len(some)}

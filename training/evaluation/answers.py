"""An opened version's answers to the cases of a task, asked through the queries that the service uses."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from artifacts.batch.item_bounds import bound_items
from artifacts.batch.recommend_many import recommend_many
from artifacts.core.recommend import recommend
from artifacts.model.model import Model
from artifacts.queries.answer import Answer
from artifacts.queries.cross_sell import cross_sell
from artifacts.queries.query import Filters, Query, Repeat
from training.evaluation.metrics import NO_ITEM
from training.evaluation.tasks import USER_TASKS, Cases, Task
from training.interactions.dataset import GUEST

# What a shop has in stock today says nothing of the window: all items count as available.
ANY_ITEM = Filters(in_stock=False)
BYTES_TOGETHER = 2**28


@dataclass(frozen=True)
class Picks:
    """Ranked picks of each case: `items` (n_cases, k) int32, NO_ITEM (-1) behind the last; `scores` the same shape,
    float32, NaN behind the last."""

    items: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]


def ask(model: Model, cases: Cases, k: int, show_progress: bool) -> Picks:
    """The first k picks of the version for each case."""
    question = _questions(model, cases)
    query: Callable[[Model, Query], Answer] = recommend if cases.task in USER_TASKS else cross_sell
    items = np.full((len(cases), k), NO_ITEM, np.int32)
    scores = np.full((len(cases), k), np.nan, np.float32)
    with threadpool_limits(1):  # a query is too small to share: threads would only wait for each other
        for row in tqdm(range(len(cases)), f"asking for {cases.task}", disable=not show_progress):
            scored = query(model, question(row, k)).scored
            items[row, : len(scored)] = scored.items
            scores[row, : len(scored)] = scored.scores
    return Picks(items, scores)


def ask_together(model: Model, cases: Cases, k: int) -> Picks:
    """What `ask` answers about known users, by the code that writes a batch: in a tenth of the time where the version
    has no ranker."""
    query = Query(limit=k, repeat=_repeat(cases.task), filters=ANY_ITEM)
    picks = recommend_many(model, bound_items(model, query), query, cases.user, BYTES_TOGETHER).picks
    place = np.arange(len(picks.users)) - np.searchsorted(picks.users, picks.users)
    items = np.full((len(cases), k), NO_ITEM, np.int32)
    scores = np.full((len(cases), k), np.nan, np.float32)
    items[picks.users, place], scores[picks.users, place] = picks.items, picks.scores
    return Picks(items, scores)


def _repeat(task: Task) -> Repeat:
    return Repeat.EXCLUDE if task is Task.DISCOVERY else Repeat.ALLOW


def _questions(model: Model, cases: Cases) -> Callable[[int, int], Query]:
    def given(row: int) -> tuple[str, ...]:
        items = cases.given.indices[cases.given.indptr[row] : cases.given.indptr[row + 1]]
        return tuple(model.item_ids[index] for index in items.tolist())

    def about_user(row: int, k: int) -> Query:
        repeat = _repeat(cases.task)
        if cases.user[row] == GUEST:
            return Query(recent_items=given(row), limit=k, repeat=repeat, filters=ANY_ITEM)
        return Query(user_id=model.user_ids[int(cases.user[row])], limit=k, repeat=repeat, filters=ANY_ITEM)

    def about_basket(row: int, k: int) -> Query:
        return Query(items=given(row), limit=k, repeat=Repeat.ALLOW, filters=ANY_ITEM)

    return about_user if cases.task in USER_TASKS else about_basket

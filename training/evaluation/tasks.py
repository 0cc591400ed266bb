"""What is asked about a window, and what the right answers are."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from training.evaluation.purchases import Past, Purchases, count_matrix
from training.interactions.dataset import GUEST

LIGHT_UP_TO = 5


class Task(StrEnum):
    """What a shop asks for."""

    NEXT_PURCHASES = "next_purchases"
    DISCOVERY = "discovery"
    NEW_CUSTOMERS = "new_customers"
    BASKET_COMPLETION = "basket_completion"
    ITEM_PAGE = "item_page"


# What versions and recipes are compared by.
JUDGED = (Task.NEXT_PURCHASES, Task.DISCOVERY)
USER_TASKS = (Task.NEXT_PURCHASES, Task.DISCOVERY, Task.NEW_CUSTOMERS)


class Activity(StrEnum):
    """How many baskets a user had before the window: one, up to LIGHT_UP_TO, or more."""

    NEW = "new"
    LIGHT = "light"
    HEAVY = "heavy"


@dataclass(frozen=True)
class Cases:
    """Questions with known answers, row by row.

    `user` (n_cases,) int64 index of the dataset, GUEST (-1) where nobody known asks. `given` (n_cases, n_items)
    float32: how often a user bought what, or what is in the basket; `fresh` the same with earlier purchases counting
    less. `truth` (n_cases, at least n_items) float32, 1 for a right answer; its columns from n_items on are items that
    nobody had bought before the window, misses for sure.
    """

    task: Task
    user: npt.NDArray[np.int64]
    given: csr_array
    fresh: csr_array
    truth: csr_array

    def __len__(self) -> int:
        return len(self.user)

    def some(self, rows: npt.NDArray[np.int64]) -> "Cases":
        """The cases at these rows."""
        return Cases(self.task, self.user[rows], self.given[rows], self.fresh[rows], self.truth[rows])

    @property
    def relevant(self) -> npt.NDArray[np.int64]:
        """(n_cases,): how many right answers there are."""
        return np.diff(self.truth.indptr).astype(np.int64)

    @property
    def digest(self) -> str:
        """Tells whether two evaluations asked the same questions."""
        rows = (self.user, self.given.indptr, self.given.indices, self.truth.indptr, self.truth.indices)
        return hashlib.sha256(b"".join(np.asarray(row, np.int64).tobytes() for row in rows)).hexdigest()


def activity_of(n_baskets: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    """(n,) Activity by the number of baskets (n,)."""
    return np.where(n_baskets <= 1, Activity.NEW, np.where(n_baskets <= LIGHT_UP_TO, Activity.LIGHT, Activity.HEAVY))


def next_purchases(past: Past, later: Purchases, max_cases: int, rng: np.random.Generator) -> Cases:
    """Whatever known users bought in the window; what they bought before counts too."""
    return _users(Task.NEXT_PURCHASES, past, bought_later(past, later), max_cases, rng)


def discovery(past: Past, later: Purchases, max_cases: int, rng: np.random.Generator) -> Cases:
    """What known users bought in the window for the first time."""
    truth = bought_later(past, later)
    old = csr_array((past.count.data, past.count.indices, past.count.indptr), shape=truth.shape)
    new = csr_array(truth - truth.multiply(old > 0))
    new.eliminate_zeros()
    return _users(Task.DISCOVERY, past, new, max_cases, rng)


def bought_later(past: Past, later: Purchases) -> csr_array:
    """(n_users, n_items and more) float32: 1 for what a known user bought in the window."""
    n_users, n_items = past.count.shape
    known = (later.user != GUEST) & (later.user < n_users)
    return _binary(count_matrix(later.user[known], later.item[known], (n_users, _width(later, n_items))))


def _users(task: Task, past: Past, truth: csr_array, max_cases: int, rng: np.random.Generator) -> Cases:
    known = np.diff(past.count.indptr) > 0
    users = _sample(np.flatnonzero(known & (np.diff(truth.indptr) > 0)), max_cases, rng)
    everybody = Cases(task, np.arange(len(known)), past.count, past.fresh, truth)
    return everybody.some(users)


def new_customers(past: Past, later: Purchases, max_cases: int, rng: np.random.Generator) -> Cases:
    """The items of a customer's second basket, given the first.

    The first is all the history of a known user with one basket, else it lies in the window and is given as a session.
    """
    n_users, n_items = past.count.shape
    user, basket = _baskets_in_order(later)
    first = np.append(True, user[1:] != user[:-1])[: len(user)]
    followed = np.append(user[1:] == user[:-1], False)[: len(user)]
    once = np.flatnonzero(first & (user < n_users) & (past.baskets[np.minimum(user, n_users - 1)] == 1))
    twice = np.flatnonzero(first & (user >= n_users) & followed)
    baskets = _basket_matrix(later, n_items)
    session = baskets[basket[twice]][:, :n_items]
    who = np.concatenate([user[once], np.full(len(twice), GUEST)])
    given = _stack(past.count[user[once]], session)
    fresh = _stack(past.fresh[user[once]], session)
    truth = _stack(baskets[basket[once]], baskets[basket[twice + 1]])
    chosen = _sample(np.arange(len(who)), max_cases, rng)
    return Cases(Task.NEW_CUSTOMERS, who, given, fresh, truth).some(chosen)


def _baskets_in_order(later: Purchases) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """User and number of the baskets of named users, by user, then time."""
    _, start = np.unique(later.basket, return_index=True)
    user = later.user[start]
    order = np.lexsort((np.arange(len(start)), user))
    named = order[user[order] != GUEST]
    return user[named], named


def basket_completion(later: Purchases, n_items: int, max_cases: int, rng: np.random.Generator) -> Cases:
    """One item of each basket of at least two, guests' included, is hidden and to be found by the others."""
    baskets = _sampled_baskets(later, n_items, max_cases, rng)
    hidden = baskets.indptr[:-1] + _draw(np.diff(baskets.indptr), rng)
    is_hidden = np.zeros(baskets.nnz, np.bool_)
    is_hidden[hidden] = True
    return _basket_cases(Task.BASKET_COMPLETION, baskets, ~is_hidden, is_hidden, n_items)


def item_page(later: Purchases, n_items: int, max_cases: int, rng: np.random.Generator) -> Cases:
    """From one random item of each basket of at least two to another random one."""
    baskets = _sampled_baskets(later, n_items, max_cases, rng)
    sizes = np.diff(baskets.indptr)
    shown = _draw(sizes, rng)
    sought = (shown + 1 + _draw(sizes - 1, rng)) % sizes
    is_shown, is_sought = np.zeros(baskets.nnz, np.bool_), np.zeros(baskets.nnz, np.bool_)
    is_shown[baskets.indptr[:-1] + shown] = True
    is_sought[baskets.indptr[:-1] + sought] = True
    return _basket_cases(Task.ITEM_PAGE, baskets, is_shown, is_sought, n_items)


def _sampled_baskets(later: Purchases, n_items: int, max_cases: int, rng: np.random.Generator) -> csr_array:
    baskets = _basket_matrix(later, n_items)
    return baskets[_sample(np.flatnonzero(np.diff(baskets.indptr) >= 2), max_cases, rng)]


def _basket_cases(
    task: Task, baskets: csr_array, given: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_], n_items: int
) -> Cases:
    guests = np.full(baskets.shape[0], GUEST, np.int64)
    shown = _only(baskets, given)[:, :n_items]
    return Cases(task, guests, shown, shown, _only(baskets, truth))


def _only(matrix: csr_array, kept: npt.NDArray[np.bool_]) -> csr_array:
    """The entries of a matrix that `kept` (n_entries,) names."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return count_matrix(row[kept], matrix.indices[kept], matrix.shape)


def _basket_matrix(later: Purchases, n_items: int) -> csr_array:
    """(n_baskets, n_items and more) float32: 1 for what is in a basket of the window."""
    shape = (int(later.basket.max(initial=-1)) + 1, _width(later, n_items))
    return _binary(count_matrix(later.basket, later.item, shape))


def _binary(matrix: csr_array) -> csr_array:
    return csr_array((np.ones_like(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)


def _stack(above: csr_array, below: csr_array) -> csr_array:
    row = [np.repeat(np.arange(part.shape[0]), np.diff(part.indptr)) for part in (above, below)]
    rows = np.concatenate([row[0], row[1] + above.shape[0]])
    columns = np.concatenate([above.indices, below.indices])
    shape = (above.shape[0] + below.shape[0], above.shape[1])
    return csr_array((np.concatenate([above.data, below.data]), (rows, columns)), shape=shape)


def _width(later: Purchases, n_items: int) -> int:
    return max(n_items, int(later.item.max(initial=-1)) + 1)


def _draw(sizes: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """A random position below each size."""
    return np.asarray(rng.random(len(sizes)) * sizes, np.int64)


def _sample(cases: npt.NDArray[np.int64], max_cases: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """All cases, or `max_cases` of them by chance, in their order."""
    if len(cases) <= max_cases:
        return cases
    return np.sort(rng.choice(cases, max_cases, replace=False))

"""What is asked about a window, and what the right answers are."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array

from training.dataset import GUEST, Dataset
from training.history import SECONDS_PER_DAY

LIGHT_UP_TO = 5
FRESH_HALF_LIFE_DAYS = 30.0


class Task(StrEnum):
    """What a shop asks for."""

    NEXT_PURCHASES = "next_purchases"
    DISCOVERY = "discovery"
    NEW_CUSTOMERS = "new_customers"
    BASKET_COMPLETION = "basket_completion"
    ITEM_PAGE = "item_page"


USER_TASKS = (Task.NEXT_PURCHASES, Task.DISCOVERY, Task.NEW_CUSTOMERS)


class Activity(StrEnum):
    """How many baskets a user had before the window: one, up to LIGHT_UP_TO, or more."""

    NEW = "new"
    LIGHT = "light"
    HEAVY = "heavy"


@dataclass(frozen=True)
class Purchases:
    """Distinct (basket, item), oldest basket first: (n,) each.

    `user`, `item` and `basket` int64. Before the window they are the dataset's indexes; within it users and items that
    the dataset does not hold have the numbers from `n_users` and `n_items` on. Guests are GUEST (-1). `time` int64,
    Unix seconds.
    """

    user: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    basket: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]

    def since(self, moment: float) -> "Purchases":
        """Those from a moment on, in Unix seconds."""
        late = self.time >= moment
        return Purchases(self.user[late], self.item[late], self.basket[late], self.time[late])


@dataclass(frozen=True)
class Cases:
    """Questions with known answers, row by row.

    `user` (n_cases,) int64 index of the dataset, GUEST (-1) where nobody known asks. `given` (n_cases, n_items)
    float32: how often a user bought what, or what is in the basket; `fresh` the same with earlier purchases counting
    less. `truth` (n_cases, at least n_items) float32, 1 for
    a right answer; its columns from n_items on are items that nobody had bought before the window, misses for sure.
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


def earlier_purchases(dataset: Dataset) -> Purchases:
    """What was bought before the window."""
    bought = np.flatnonzero(dataset.purchase)
    keys = dataset.basket[bought] * dataset.n_items + dataset.item[bought]
    _, first = np.unique(keys, return_index=True)
    rows = bought[np.sort(first)]
    user, item = dataset.user[rows].astype(np.int64), dataset.item[rows].astype(np.int64)
    return Purchases(user, item, dataset.basket[rows], dataset.time[rows])


def later_purchases(window: pl.DataFrame, dataset: Dataset) -> tuple[Purchases, list[str]]:
    """What was bought within the window, and the ids of all item numbers; `window` holds those events, oldest first."""
    rows = window.unique(["basket_id", "item_id"], keep="first", maintain_order=True)
    starts = rows.group_by("basket_id", maintain_order=True).agg(pl.len()).with_row_index("basket")
    basket = rows.join(starts, on="basket_id", how="left", maintain_order="left")["basket"]
    user, _ = _number(rows["user_id"], [dataset.user_ids[index] for index in range(dataset.n_users)])
    item, item_ids = _number(rows["item_id"], [dataset.item_ids[index] for index in range(dataset.n_items)])
    time = rows["time"].dt.epoch("s").to_numpy()
    return Purchases(user, item, basket.cast(pl.Int64).to_numpy(), time), item_ids


def _number(ids: pl.Series, known: list[str]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The position of each id among the known ones, null is GUEST; other ids are numbered from there on. And all
    ids by number."""
    new = pl.Series("id", ids.drop_nulls().unique().sort(), pl.String)
    table = pl.concat([pl.Series("id", known, pl.String), new]).unique(maintain_order=True)
    places = table.to_frame("id").with_row_index("number")
    found = ids.to_frame("id").join(places, on="id", how="left", maintain_order="left")["number"]
    return found.cast(pl.Int64).fill_null(GUEST).to_numpy(), table.to_list()


@dataclass(frozen=True)
class Past:
    """Known users' purchases before the window.

    `count` (n_users, n_items) float32: in how many baskets each user had each item; `fresh` the same with a half-life
    of FRESH_HALF_LIFE_DAYS; `baskets` (n_users,) int64: how many baskets each user had.
    """

    count: csr_array
    fresh: csr_array
    baskets: npt.NDArray[np.int64]


def past_of(earlier: Purchases, until: float, n_users: int, n_items: int) -> Past:
    """What was known of each user at `until`, in Unix seconds."""
    known = earlier.user != GUEST
    user, item, shape = earlier.user[known], earlier.item[known], (n_users, n_items)
    age = (until - earlier.time[known]) / SECONDS_PER_DAY
    return Past(
        count=_matrix(user, item, shape),
        fresh=_matrix(user, item, shape, np.exp2(-age / FRESH_HALF_LIFE_DAYS)),
        baskets=_baskets_of_users(user, earlier.basket[known], n_users),
    )


def _baskets_of_users(
    user: npt.NDArray[np.int64], basket: npt.NDArray[np.int64], n_users: int
) -> npt.NDArray[np.int64]:
    pairs = np.unique(np.column_stack([user, basket]), axis=0)
    return np.bincount(pairs[:, 0], minlength=n_users)


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
    return _binary(_matrix(later.user[known], later.item[known], (n_users, _width(later, n_items))))


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
    return _matrix(row[kept], matrix.indices[kept], matrix.shape)


def _basket_matrix(later: Purchases, n_items: int) -> csr_array:
    """(n_baskets, n_items and more) float32: 1 for what is in a basket of the window."""
    shape = (int(later.basket.max(initial=-1)) + 1, _width(later, n_items))
    return _binary(_matrix(later.basket, later.item, shape))


def _matrix(
    row: npt.NDArray[np.integer[Any]],
    column: npt.NDArray[np.integer[Any]],
    shape: tuple[int, int],
    values: npt.NDArray[np.float64] | None = None,
) -> csr_array:
    """The sum of `values`, ones by default, at each place."""
    data = np.ones(len(row)) if values is None else values
    matrix = csr_array((data.astype(np.float32), (row, column)), shape=shape)
    matrix.sum_duplicates()
    return matrix


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

"""What was bought before a window and within it, by index."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array

from artifacts.model.half_lives import BASELINE_DAYS, decay
from training.interactions.dataset import GUEST, Dataset


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


def earlier_purchases(dataset: Dataset) -> Purchases:
    """What was bought before the window."""
    rows = np.sort(dataset.sales)
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
    of BASELINE_DAYS; `baskets` (n_users,) int64: how many baskets each user had.
    """

    count: csr_array
    fresh: csr_array
    baskets: npt.NDArray[np.int64]


def past_of(earlier: Purchases, until: float, n_users: int, n_items: int) -> Past:
    """What was known of each user at `until`, in Unix seconds."""
    known = earlier.user != GUEST
    user, item, shape = earlier.user[known], earlier.item[known], (n_users, n_items)
    return Past(
        count=count_matrix(user, item, shape),
        fresh=count_matrix(user, item, shape, decay(until - earlier.time[known], BASELINE_DAYS)),
        baskets=_baskets_of_users(user, earlier.basket[known], n_users),
    )


def _baskets_of_users(
    user: npt.NDArray[np.int64], basket: npt.NDArray[np.int64], n_users: int
) -> npt.NDArray[np.int64]:
    pairs = np.unique(np.column_stack([user, basket]), axis=0)
    return np.bincount(pairs[:, 0], minlength=n_users)


def count_matrix(
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

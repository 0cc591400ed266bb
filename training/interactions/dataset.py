"""Purchases with integer indexes in place of ids: what every step behind the cleaning works on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from artifacts.live.activity import EventType
from artifacts.model.ids import IdTable, encode_ids
from training.interactions.ordering import begins_run, sort_rows, stable_order

GUEST = -1
ORDER = ["time", "basket_id", "item_id", "user_id"]


@dataclass(frozen=True)
class Dataset:
    """Events in the order of their time, (n_events,) each, with the tables that give back the ids.

    `user` int32 indexes `user_ids`, GUEST (-1) where nobody is named; `item` int32 indexes `item_ids`; `basket` int64
    numbers baskets from 0; `time` int64, Unix seconds; `weight` float32 by event type; `purchase` bool tells bought
    from looked at, `view` bool which looks are views; `price` float32, NaN where unknown; `quantity` float32.
    `item_ids` also holds items of the catalogue nobody bought.
    """

    user_ids: IdTable
    item_ids: IdTable
    user: npt.NDArray[np.int32]
    item: npt.NDArray[np.int32]
    basket: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]
    purchase: npt.NDArray[np.bool_]
    view: npt.NDArray[np.bool_]
    price: npt.NDArray[np.float32]
    quantity: npt.NDArray[np.float32]

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    @property
    def n_baskets(self) -> int:
        return int(self.basket.max(initial=-1)) + 1

    @cached_property
    def sales(self) -> npt.NDArray[np.int64]:
        """The first event of each distinct (basket, item) that was bought: (n_sales,) rows, by basket, then item."""
        bought = np.flatnonzero(self.purchase)
        keys = self.basket[bought] * self.n_items + self.item[bought]
        order = stable_order(keys)
        return bought[order[begins_run(keys[order])]]

    @property
    def until(self) -> int:
        """The time of the newest event: the "now" of everything that is counted."""
        return int(self.time[-1])


def encode(frame: pl.DataFrame, catalogue_ids: pl.Series, purchase_event: str) -> Dataset:
    """Number the users, items and baskets of cleaned events; `catalogue_ids` adds items without events.

    Baskets are numbered in the order of their first event.
    """
    frame = sort_rows(frame, ORDER)
    buyers, items = _Runs(frame["user_id"]), _Runs(frame["item_id"])
    users = buyers.ids.drop_nulls().unique().sort()
    purchase = (frame["event"] == purchase_event).to_numpy()
    all_items = pl.concat([items.ids.unique(), catalogue_ids]).unique().sort()
    return Dataset(
        user_ids=encode_ids(users),
        item_ids=encode_ids(all_items),
        user=buyers.positions(users).astype(np.int32),
        item=items.positions(all_items).astype(np.int32),
        basket=_number_baskets(frame["basket_id"]),
        time=frame["time"].dt.epoch("s").to_numpy(),
        weight=frame["weight"].to_numpy(),
        purchase=purchase,
        view=(frame["event"] == EventType.VIEW).to_numpy() & ~purchase,
        price=frame["price"].cast(pl.Float32).fill_null(float("nan")).to_numpy(),
        quantity=frame["quantity"].cast(pl.Float32).fill_null(1).to_numpy(),
    )


def count_distinct(column: pl.Series) -> int:
    """How many ids a column (String) of events holds. Ids mostly come in runs, of which only the first is looked at."""
    return _Runs(column).ids.drop_nulls().n_unique()


class _Runs:
    """A column of ids (String) as runs of rows with the same one: `ids`, and how many rows each is there for."""

    def __init__(self, column: pl.Series) -> None:
        begins = column.ne_missing(column.shift()).to_numpy(writable=True)
        begins[:1] = True
        self.ids = column.filter(pl.Series(begins))
        self.lengths = np.diff(np.flatnonzero(begins), append=len(column))

    def positions(self, table: pl.Series) -> npt.NDArray[np.int64]:
        """(n_rows,): the place of each row's id in `table`, GUEST (-1) for null."""
        places = pl.DataFrame({"id": table, "index": np.arange(len(table))})
        found = self.ids.to_frame("id").join(places, on="id", how="left", maintain_order="left")["index"]
        return np.repeat(found.fill_null(GUEST).to_numpy(), self.lengths)


def _number_baskets(column: pl.Series) -> npt.NDArray[np.int64]:
    """Only where baskets share a hash, or one is not in one piece, do their ids have to be compared."""
    runs = _Runs(column)
    hashes = np.sort(runs.ids.hash().to_numpy())
    if (hashes[1:] == hashes[:-1]).any():
        return runs.positions(runs.ids.unique(maintain_order=True))
    return np.repeat(np.arange(len(runs.ids)), runs.lengths)

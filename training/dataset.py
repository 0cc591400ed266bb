"""Purchases with integer indexes in place of ids: what every step behind the cleaning works on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from artifacts.ids import IdTable, encode_ids

GUEST = -1


@dataclass(frozen=True)
class Dataset:
    """Events in the order of their time, (n_events,) each, with the tables that give back the ids.

    `user` int32 indexes `user_ids`, GUEST (-1) where nobody is named; `item` int32 indexes `item_ids`; `basket` int64
    numbers baskets from 0; `time` int64, Unix seconds; `weight` float32 by event type; `purchase` bool tells bought
    from looked at; `price` float32, NaN where unknown; `quantity` float32. `item_ids` also holds items of the catalogue
    nobody bought.
    """

    user_ids: IdTable
    item_ids: IdTable
    user: npt.NDArray[np.int32]
    item: npt.NDArray[np.int32]
    basket: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]
    purchase: npt.NDArray[np.bool_]
    price: npt.NDArray[np.float32]
    quantity: npt.NDArray[np.float32]

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    @property
    def until(self) -> int:
        """The time of the newest event: the "now" of everything that is counted."""
        return int(self.time[-1])


def encode(frame: pl.DataFrame, catalogue_ids: pl.Series, purchase_event: str) -> Dataset:
    """Number the users, items and baskets of cleaned events; `catalogue_ids` adds items without events."""
    frame = frame.sort("time", "basket_id", "item_id", "user_id")
    users = frame["user_id"].drop_nulls().unique().sort()
    items = pl.concat([frame["item_id"], catalogue_ids]).unique().sort()
    return Dataset(
        user_ids=encode_ids(users),
        item_ids=encode_ids(items),
        user=_positions(frame["user_id"], users).fill_null(GUEST).cast(pl.Int32).to_numpy(),
        item=_positions(frame["item_id"], items).cast(pl.Int32).to_numpy(),
        basket=frame["basket_id"].rank("dense").cast(pl.Int64).to_numpy() - 1,
        time=frame["time"].dt.epoch("s").to_numpy(),
        weight=frame["weight"].to_numpy(),
        purchase=(frame["event"] == purchase_event).to_numpy(),
        price=frame["price"].cast(pl.Float32).fill_null(float("nan")).to_numpy(),
        quantity=frame["quantity"].cast(pl.Float32).fill_null(1).to_numpy(),
    )


def _positions(column: pl.Series, table: pl.Series) -> pl.Series:
    places = pl.DataFrame({"id": table, "index": np.arange(len(table))})
    return column.to_frame("id").join(places, on="id", how="left", maintain_order="left")["index"]

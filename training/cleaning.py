"""Rows as read to rows that count, with a table that says where every row went."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from training.config import Clean
from training.returns import settle

BOT_EVENTS = 1_000
BOT_SPREADS = 3.0


@dataclass(frozen=True)
class Cleaned:
    """`frame`: the rows kept, in order of time; `table`: (reason, rows), the first line all rows read."""

    frame: pl.DataFrame
    table: tuple[tuple[str, int], ...]


def clean(rows: pl.DataFrame, rules: Clean, events: Mapping[str, float]) -> Cleaned:
    """Drop what is no usable event, settle returns, drop outliers. `rows` has the columns of `columns.SCHEMA`.

    Every row read is kept or counted under one reason, the first that applies in the table's order.
    """
    table: list[tuple[str, int]] = [("read", rows.height)]
    for reason, bad in _faults(rules, events):
        rows = _drop(rows, reason, bad, table)
    rows = rows.with_columns(
        pl.col("quantity").fill_null(1.0),
        basket_id=pl.coalesce("basket_id", pl.format("{} {}", "user_id", "time")),
    )
    table.append(("duplicate", rows.height))
    rows = rows.unique(
        subset=["user_id", "item_id", "time", "basket_id", "event", "quantity", "price"],
        keep="first",
        maintain_order=True,
    )
    table[-1] = ("duplicate", table[-1][1] - rows.height)
    rows = _without_returns(rows, rules, table)
    if rules.bots:
        rows = _drop(rows, "bot", pl.col("user_id").is_in(bots(rows).implode()), table)
    rows = _without_rare(rows, rules, table)
    table.append(("kept", rows.height))
    table.append(("of these guests', kept as baskets", rows["user_id"].null_count()))
    return Cleaned(rows.sort("time", "basket_id", "item_id"), tuple(table))


def _faults(rules: Clean, events: Mapping[str, float]) -> list[tuple[str, pl.Expr]]:
    counted = [event for event, weight in events.items() if weight > 0]
    faults = [
        ("no item", pl.col("item_id").is_null()),
        ("bad time", pl.col("time").is_null()),
        ("no user and no basket", pl.col("user_id").is_null() & pl.col("basket_id").is_null()),
        ("event without a weight", ~pl.col("event").is_in(counted)),
    ]
    if rules.product_item is not None:
        faults.append(("no product code", ~pl.col("item_id").str.contains(rules.product_item)))
    return faults


def _drop(rows: pl.DataFrame, reason: str, bad: pl.Expr, table: list[tuple[str, int]]) -> pl.DataFrame:
    kept = rows.filter(~bad.fill_null(False))
    table.append((reason, rows.height - kept.height))
    return kept


def _without_returns(rows: pl.DataFrame, rules: Clean, table: list[tuple[str, int]]) -> pl.DataFrame:
    returned = pl.col("quantity") < 0
    if rules.cancelled_basket is not None:
        returned |= pl.col("basket_id").str.contains(rules.cancelled_basket)
    rows = rows.with_columns(returned=returned)
    returns = rows.filter("returned")
    rows = _drop(rows, "cancelled or returned", pl.col("returned"), table)
    bad_price = pl.col("price").is_not_null() & ~(pl.col("price").is_finite() & (pl.col("price") > 0))
    bad_quantity = ~(pl.col("quantity").is_finite() & (pl.col("quantity") > 0))
    rows = _drop(rows, "price or quantity not positive", bad_price | bad_quantity, table).with_row_index("row")
    owned = rows.join(returns.select("user_id", "item_id").unique(), on=["user_id", "item_id"], how="semi")
    left = settle(
        pl.concat(
            [
                owned,
                returns.filter(pl.col("user_id").is_not_null())
                .with_columns(pl.col("quantity").abs(), row=pl.lit(None, pl.UInt32))
                .select(owned.columns),
            ]
        ).select("row", "user_id", "item_id", "time", "returned", "quantity")
    )
    rows = rows.join(left.drop_nulls("row"), on="row", how="left", maintain_order="left").with_columns(
        left=pl.coalesce("left", "quantity")
    )
    partly = rows.filter((pl.col("left") < pl.col("quantity")) & (pl.col("left") > 0)).height
    rows = _drop(rows, "bought and returned", pl.col("left") <= 0, table).with_columns(quantity="left")
    table.append(("in part returned", partly))
    table.append(
        (
            "returns unmatched",
            returns.filter(pl.col("user_id").is_null()).height
            + left.filter(pl.col("row").is_null() & (pl.col("left") > 0)).height,
        )
    )
    return rows.drop("left", "row", "returned")


def bots(rows: pl.DataFrame) -> pl.Series:
    counts = rows.drop_nulls("user_id").group_by("user_id").len("events")
    logs = counts["events"].log()
    if logs.is_empty():
        return counts["user_id"]
    low, high = logs.quantile(0.25, "linear"), logs.quantile(0.75, "linear")
    limit = max(BOT_EVENTS, math.exp(high + BOT_SPREADS * (high - low)))
    return counts.filter(pl.col("events") > limit)["user_id"]


def _without_rare(rows: pl.DataFrame, rules: Clean, table: list[tuple[str, int]]) -> pl.DataFrame:
    return rows

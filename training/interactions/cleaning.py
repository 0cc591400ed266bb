"""Rows as read to rows that count, and a table that says where every row went."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from training.config import Clean, Config
from training.interactions.examples import Example, example_of
from training.interactions.ordering import sort_rows
from training.reading.returns import STACK, is_return, settle

BOT_MIN_MOMENTS = 1_000
BOT_SPREADS = 3.0
CLOCK_SKEW = timedelta(days=1)
IDENTITY = ["user_id", "item_id", "time", "basket_id", "event", "quantity", "price"]
ORDER = ["time", "basket_id", "user_id", "item_id", "event", "quantity", "price"]

Lines = list[tuple[str, int]]
Examples = dict[str, Example]


@dataclass(frozen=True)
class Cleaned:
    """`rows`: those kept, oldest first. `table`: (what, rows): rows read, those dropped by reason, and those kept.

    Read = dropped + kept: a row is counted under the first reason that applies. Lines that begin with "of these"
    look closer at the line above them and add nothing. `examples`: the first row that each reason dropped.
    """

    rows: pl.DataFrame
    table: tuple[tuple[str, int], ...]
    examples: Mapping[str, Example]


def clean(rows: pl.DataFrame, config: Config, now: datetime) -> Cleaned:
    """Drop what is no usable event, settle returns, drop outliers. `rows` has the columns of `columns.SCHEMA`, and
    `row` (UInt32, unique), by which examples name a row; without it they are numbered here.

    `now` (UTC, naive) tells which times are in the future. In what is kept item, time, basket, event and a quantity
    above 0 are always there.
    """
    read = rows.height
    rows = rows if "row" in rows.columns else rows.with_row_index("row")
    dropping = _Dropping()
    rows, faulty = _without_faulty(rows, config, now, dropping)
    rows, doubled = _without_duplicates(rows, dropping)
    rows, returned = _without_returns(rows, config, dropping)
    rows, outlying = _without_outliers(rows, config.clean, dropping)
    kept = [
        ("kept", rows.height),
        ("of these returned in part", rows.filter("reduced").height),
        ("of these guests', kept as baskets", rows["user_id"].null_count()),
    ]
    table = [("read", read), *faulty, *doubled, *returned, *outlying, *kept]
    rows = sort_rows(_with_baskets(rows.drop("reduced", "row")), ORDER)
    return Cleaned(rows, tuple(table), dropping.examples)


def bots(rows: pl.DataFrame) -> pl.Series:
    """The user_ids (String) whose activity is no person's.

    Activity is the number of moments (distinct times) at which a user did anything, so that a wholesaler's order of
    500 lines counts once. A bot has more than 1,000 moments and more than exp(Q3 + 3 (Q3 - Q1)), Q1 and Q3 being the
    quartiles of the logarithm of all users' activity: Tukey's outer fence, on the scale on which activity spreads.
    """
    hashes = _sorted_hashes(rows.select("user_id").drop_nulls())
    if not (hashes[BOT_MIN_MOMENTS:] == hashes[:-BOT_MIN_MOMENTS]).any():  # nobody has as many rows
        return rows["user_id"].clear()
    moments = rows.drop_nulls("user_id").group_by("user_id").agg(moments=pl.col("time").n_unique())
    logs = moments["moments"].log()
    q1, q3 = (logs.quantile(share, "linear") or 0.0 for share in (0.25, 0.75))
    fence = math.exp(q3 + BOT_SPREADS * (q3 - q1))
    return moments.filter(pl.col("moments") > max(BOT_MIN_MOMENTS, fence))["user_id"]


class _Dropping:
    """Takes rows out, and keeps the first one of each reason as an example."""

    def __init__(self) -> None:
        self.examples: Examples = {}

    def drop(self, rows: pl.DataFrame, reasons: Iterable[tuple[str, pl.Expr]]) -> tuple[pl.DataFrame, Lines]:
        """Rows without those that a reason's condition is true for, and how many each reason dropped."""
        lines: Lines = []
        for reason, bad in reasons:
            marked = rows.select(bad.fill_null(value=False)).to_series()
            dropped = int(marked.sum())
            if dropped:
                self.keep(reason, rows[int(marked.arg_max() or 0)])
                rows = rows.filter(~marked)
            lines.append((reason, dropped))
        return rows, lines

    def keep(self, reason: str, row: pl.DataFrame) -> None:
        """Remember a row (a frame of one) unless the reason has one by now."""
        if reason not in self.examples:
            self.examples[reason] = example_of(reason, row)


def _without_faulty(
    rows: pl.DataFrame, config: Config, now: datetime, dropping: _Dropping
) -> tuple[pl.DataFrame, Lines]:
    weighted = [event for event, weight in config.events.items() if weight > 0]
    reasons = [
        ("no item", pl.col("item_id").is_null()),
        ("bad time", pl.col("time").is_null() | (pl.col("time") > now + CLOCK_SKEW)),
        ("no user and no basket", pl.col("user_id").is_null() & pl.col("basket_id").is_null()),
        ("event without a weight", ~pl.col("event").is_in(weighted, nulls_equal=True)),
    ]
    if config.clean.product_item is not None:
        reasons.append(("no product code", ~pl.col("item_id").str.contains(config.clean.product_item)))
    return dropping.drop(rows, reasons)


def _without_duplicates(rows: pl.DataFrame, dropping: _Dropping) -> tuple[pl.DataFrame, Lines]:
    """Only rows that share a hash are compared: exact, at a fraction of the memory."""
    hashes = _sorted_hashes(rows.select(IDENTITY))
    shared = hashes[1:][hashes[1:] == hashes[:-1]]
    if not len(shared):
        return rows, [("duplicate", 0)]
    suspect = rows.select(IDENTITY).hash_rows().is_in(pl.Series(np.unique(shared)).implode())
    repeated = rows.filter(suspect)
    first = repeated.unique(IDENTITY, keep="first", maintain_order=True)
    again = repeated.join(first, on="row", how="anti", maintain_order="left")
    if not again.is_empty():
        dropping.keep("duplicate", again[0])
    rows = rows.join(again.select("row"), on="row", how="anti", maintain_order="left")
    return rows, [("duplicate", again.height)]


def _sorted_hashes(rows: pl.DataFrame) -> npt.NDArray[np.uint64]:
    return np.sort(rows.hash_rows().to_numpy())


def _without_returns(rows: pl.DataFrame, config: Config, dropping: _Dropping) -> tuple[pl.DataFrame, Lines]:
    rows = rows.with_columns(pl.col("quantity").fill_null(1.0))
    returns = rows.filter(is_return(config.clean.cancelled_basket)).with_columns(pl.col("quantity").abs())
    rows, dropped = dropping.drop(
        rows,
        [
            ("cancelled or returned", is_return(config.clean.cancelled_basket)),
            ("price or quantity not positive", ~(_positive("quantity") & _positive("price"))),
        ],
    )
    if returns.is_empty():
        nothing = (("of these for no earlier purchase", 0), dropped[1], ("bought and returned", 0))
        return rows.with_columns(reduced=pl.lit(value=False)), [dropped[0], *nothing]
    bought = rows.select("row", *STACK, "time", "quantity").filter(rows["event"] == config.purchase_event)
    left = settle(bought, returns.filter(pl.col("user_id").is_not_null() & pl.col("quantity").is_finite()))
    rows = rows.join(left.select("row", "left"), on="row", how="left", maintain_order="left")
    rows = rows.with_columns(left=pl.coalesce("left", "quantity"))
    rows = rows.with_columns(reduced=pl.col("left") < pl.col("quantity"), quantity="left")
    rows, undone = dropping.drop(rows, [("bought and returned", pl.col("quantity") <= 0)])
    used = left.join(returns, on="row", how="semi").filter(pl.col("left") < pl.col("quantity")).height
    unused = ("of these for no earlier purchase", returns.height - used)
    return rows.drop("left"), [dropped[0], unused, dropped[1], *undone]


def _with_baskets(rows: pl.DataFrame) -> pl.DataFrame:
    """Where the shop gives no basket, what a user did at one moment is one."""
    if not rows["basket_id"].has_nulls():
        return rows
    moment = pl.format("{} {}", "user_id", "time")
    return rows.with_columns(basket_id=pl.coalesce("basket_id", moment))


def _positive(column: str) -> pl.Expr:
    return pl.col(column).is_null() | (pl.col(column).is_finite() & (pl.col(column) > 0))


def _without_outliers(rows: pl.DataFrame, rules: Clean, dropping: _Dropping) -> tuple[pl.DataFrame, Lines]:
    lines: Lines = []
    if rules.bots:
        rows, lines = dropping.drop(rows, [("bot", pl.col("user_id").is_in(bots(rows).implode()))])
    if max(rules.min_events_per_user, rules.min_events_per_item) == 1:
        return rows, lines
    rows, rare = _without_rare(rows, rules, dropping)
    return rows, lines + rare


def _without_rare(rows: pl.DataFrame, rules: Clean, dropping: _Dropping) -> tuple[pl.DataFrame, Lines]:
    """Until nothing changes: a user's last rare item may have been the one that kept the user."""
    few_of_user = pl.len().over("user_id") < rules.min_events_per_user
    few_of_item = pl.len().over("item_id") < rules.min_events_per_item
    user, item = (f"{what} with fewer than {least} events" for what, least in (
        ("user", rules.min_events_per_user), ("item", rules.min_events_per_item)))  # fmt: skip
    of_user = of_item = 0
    while True:
        rows, lines = dropping.drop(rows, [(user, pl.col("user_id").is_not_null() & few_of_user), (item, few_of_item)])
        of_user, of_item = of_user + lines[0][1], of_item + lines[1][1]
        if lines[0][1] + lines[1][1] == 0:
            break
    return rows, [(user, of_user), (item, of_item)]

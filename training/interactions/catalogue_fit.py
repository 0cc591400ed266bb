"""Whether the catalogue's own source is about the items that sell."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import polars as pl

from training.errors import DataError
from training.interactions.own_catalogue import OwnCatalogue

HALF = 0.5
SHOWN = 3
# What may have become of an id on its way: what to say, and what makes two spellings of it one.
ALIKE: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "leading zeros are lost on one side, as a spreadsheet loses them: export ids as text": (
        lambda ids: ids.str.strip_chars_start("0")
    ),
    "one side writes numbers with a point": lambda ids: ids.str.replace(r"\.0+$", ""),
    "small and capital letters differ": lambda ids: ids.str.to_lowercase(),
    "blanks and punctuation differ": lambda ids: ids.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", ""),
}  # fmt: skip


def expect_fit(rows: pl.DataFrame, catalogue: OwnCatalogue, days: int) -> str | None:
    """What share of the rows (item_id, time; oldest first) of the last `days` the catalogue does not hold, as a line;
    None where it holds all.

    Raises DataError where it holds less than half of them: all else would count as not available.
    """
    lately = rows.filter(pl.col("time") > rows["time"][-1] - timedelta(days=days)).select("item_id")
    known = lately.join(catalogue.products, on="item_id", how="semi").height
    if known < HALF * lately.height:
        raise DataError(_misfit(lately, catalogue, known, days))
    unknown = lately.join(catalogue.products, on="item_id", how="anti")
    if unknown.is_empty():
        return None
    return (
        f"{unknown.height:,} of {lately.height:,} rows of the last {days} days are of items that the catalogue does "
        f"not hold, which count as unavailable: {unknown['item_id'][0]!r}"
    )


def _misfit(lately: pl.DataFrame, catalogue: OwnCatalogue, known: int, days: int) -> str:
    sold, listed = lately["item_id"].unique(maintain_order=True), catalogue.products["item_id"]
    hint = next((what for what, plain in ALIKE.items() if _share(lately, listed, plain) >= HALF), None)
    return (
        f"{catalogue.name}: the catalogue holds the items of {known:,} of {lately.height:,} rows of the last {days} "
        f"days only; items that sell are {_shown(sold)}, the catalogue's are {_shown(listed)}"
        + (f": {hint}" if hint else "; which column holds the same ids? (catalogue.columns.item)")
    )


def _share(lately: pl.DataFrame, listed: pl.Series, plain: Callable[[pl.Expr], pl.Expr]) -> float:
    keys = listed.to_frame("item_id").select(plain(pl.col("item_id")))
    return lately.select(plain(pl.col("item_id"))).join(keys, on="item_id", how="semi").height / lately.height


def _shown(ids: pl.Series) -> str:
    return ", ".join(repr(one) for one in ids.head(SHOWN))

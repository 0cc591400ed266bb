"""What the shop says about each item: from the rows that were kept, or from a catalogue of its own."""

from collections.abc import Collection

import polars as pl

from training.reading.columns import CATALOGUE
from training.reading.missing import is_missing

PRICES_SEEN = 20
TEXTS = ("title", "category", "image_url", "product_url")
FROM_CATALOGUE = ("title", "category", "image_url", "product_url", "available")


def products_sold(rows: pl.DataFrame, missing: Collection[str] = ()) -> pl.DataFrame:
    """One row per item of `rows` (oldest first): item_id and the columns of CATALOGUE.

    Of differing titles, categories and URLs the most frequent counts, but for those that are words for nothing
    (`missing`); of availability the latest; the price is the usual one.
    """
    products = rows.group_by("item_id").agg(usual_price(), pl.col("available").drop_nulls().last())
    for column in TEXTS:
        products = products.join(_most_frequent(rows, column, missing), on="item_id", how="left")
    return products.select("item_id", *CATALOGUE).sort("item_id")


def usual_price() -> pl.Expr:
    """The middle one of an item's PRICES_SEEN latest prices, rows oldest first; of two in the middle the lower.

    The very latest may be the odd one out: what guests pay, a special offer, a slip of the keyboard.
    """
    return pl.col("price").drop_nulls().tail(PRICES_SEEN).quantile(0.5, "lower")


def _most_frequent(rows: pl.DataFrame, column: str, missing: Collection[str]) -> pl.DataFrame:
    """item_id and its most frequent value of `column`; of equally frequent ones the latest."""
    seen = rows.select("item_id", "time", column).drop_nulls(column).group_by("item_id", column)
    counted = seen.agg(pl.len(), pl.col("time").max()).with_columns(pl.col(column).cast(pl.String))
    counted = counted.filter(~is_missing(counted[column].str.strip_chars(), missing, person=False))
    return (
        counted.sort("len", "time", column, descending=[True, True, False])
        .unique("item_id", keep="first", maintain_order=True)
        .select("item_id", column)
    )


def merge(sold: pl.DataFrame, catalogue: pl.DataFrame | None) -> pl.DataFrame:
    """What is known of every item sold and every item of the catalogue's own file, which goes first.

    `available` is always there: true if nothing was said, false for an item sold that the catalogue's own file does
    not hold any more.
    """
    if catalogue is None:
        return sold.with_columns(pl.col("available").fill_null(value=True))
    known = catalogue.with_columns(pl.col("available").fill_null(value=True))
    merged = known.join(sold, on="item_id", how="full", coalesce=True)
    both = (pl.coalesce(column, f"{column}_right") for column in CATALOGUE if column != "available")
    return (
        merged.with_columns(*both, pl.col("available").fill_null(value=False))
        .select("item_id", *CATALOGUE)
        .sort("item_id")
    )

"""What the shop says about each item: from the rows that were kept, or from a catalogue of its own."""

import polars as pl

from training.config import Config, Layout
from training.errors import DataError
from training.reading.columns import CANONICAL, CATALOGUE, find, parse
from training.reading.sources import open_tables

PRICES_SEEN = 20
TEXTS = ("title", "category", "image_url", "product_url")
FROM_CATALOGUE = ("title", "category", "image_url", "product_url", "available")


def products_sold(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per item of `rows` (oldest first): item_id and the columns of CATALOGUE.

    Of differing titles, categories and URLs the most frequent counts, of availability the latest; the price is the
    usual one.
    """
    products = rows.group_by("item_id").agg(usual_price(), pl.col("available").drop_nulls().last())
    for column in TEXTS:
        products = products.join(_most_frequent(rows, column), on="item_id", how="left")
    return products.select("item_id", *CATALOGUE).sort("item_id")


def usual_price() -> pl.Expr:
    """The middle one of an item's PRICES_SEEN latest prices, rows oldest first; of two in the middle the lower.

    The very latest may be the odd one out: what guests pay, a special offer, a slip of the keyboard.
    """
    return pl.col("price").drop_nulls().tail(PRICES_SEEN).quantile(0.5, "lower")


def _most_frequent(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """item_id and its most frequent value of `column`; of equally frequent ones the latest."""
    seen = rows.select("item_id", "time", column).drop_nulls(column).group_by("item_id", column)
    counted = seen.agg(pl.len(), pl.col("time").max()).with_columns(pl.col(column).cast(pl.String))
    return (
        counted.sort("len", "time", column, descending=[True, True, False])
        .unique("item_id", keep="first", maintain_order=True)
        .select("item_id", column)
    )


def read_products(config: Config, source: str, elsewhere: frozenset[str]) -> pl.DataFrame:
    """The catalogue's own file: item_id (unique; its last row counts) and the columns of CATALOGUE.

    `elsewhere`: roles that the interactions have. Raises DataError as sources do, and if no row has an item.
    """
    parts = []
    roles = ("item", *CATALOGUE)
    for table in open_tables(source, None, Layout()):
        if not table.columns:
            continue
        found = find(config.columns, table, roles, required=("item",), elsewhere=elsewhere)
        for raw in table.read(list(dict.fromkeys(found.values()))):
            parts.append(parse(raw.select(pl.col(column).alias(CANONICAL[role]) for role, column in found.items())))
    products = pl.concat(parts).drop_nulls("item_id") if parts else pl.DataFrame()
    if products.is_empty():
        raise DataError(f"{source}: no row of the catalogue has an item")
    return (
        products.unique("item_id", keep="last", maintain_order=True)
        .select("item_id", *(pl.col(column).cast(pl.String) if column in TEXTS else column for column in CATALOGUE))
        .sort("item_id")
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

"""The catalogue with what the shop said of its items through the live store."""

from collections.abc import Sequence

import polars as pl

from artifacts.live.items import LiveItem
from training.reading.columns import CATALOGUE

_SCHEMA = {
    "item_id": pl.String,
    "available": pl.Boolean,
    "price": pl.Float64,
    "title": pl.String,
    "category": pl.String,
    "image_url": pl.String,
    "product_url": pl.String,
}


def put_over(catalogue: pl.DataFrame, items: Sequence[LiveItem]) -> pl.DataFrame:
    """The catalogue (item_id and the columns of CATALOGUE) with what was said later, and with the items that only the
    live store knows: available, unless it says otherwise."""
    if not items:
        return catalogue
    live = pl.DataFrame(items, schema=_SCHEMA, orient="row")
    live = live.with_columns(price=pl.when(pl.col("price").is_finite() & (pl.col("price") >= 0)).then("price"))
    both = catalogue.join(live, on="item_id", how="full", coalesce=True, suffix="_live")
    return (
        both.with_columns(pl.coalesce(f"{column}_live", column).alias(column) for column in CATALOGUE)
        .with_columns(pl.col("available").fill_null(value=True))
        .select("item_id", *CATALOGUE)
        .sort("item_id")
    )

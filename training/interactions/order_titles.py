"""Whether what looks like a column of titles tells of orders instead: Shopify calls an order's number its name."""

import polars as pl

SAMPLE = 100_000  # rows; those of an order stand together
MIN_ORDERS = 20  # of one item each: a few may have a title each by chance


def tells_orders(rows: pl.DataFrame) -> bool:
    """Whether the titles (columns user_id, item_id, time, basket_id, title) are one an order and several an item.

    Where no order has several items, they are where no two of MIN_ORDERS or more share one.
    """
    order = pl.coalesce("basket_id", pl.format("{} {}", "user_id", "time"))
    sample = rows.head(SAMPLE).select("item_id", order=order, title=pl.col("title").cast(pl.String)).drop_nulls()
    orders, items, titles = (sample[column].n_unique() for column in ("order", "item_id", "title"))
    if sample.select("order", "title").n_unique() > orders or sample.select("item_id", "title").n_unique() <= items:
        return False
    return sample.select("order", "item_id").n_unique() > orders or titles == orders >= MIN_ORDERS

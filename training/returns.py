"""A return cancels the purchase it returns: the latest earlier one of the same user and item, by its quantity."""

import polars as pl

STACK = ["user_id", "item_id"]


def settle(rows: pl.DataFrame) -> pl.DataFrame:
    """What is left of each purchase after all returns, exactly and without a loop.

    `rows` holds `row` (UInt32), user_id, item_id, time, `returned` (Boolean) and `quantity` > 0, the units bought or
    brought back. The result has `row` and `left`: for a purchase the units kept, for a return those that found
    no earlier purchase.

    A user's units of one item are a stack: a purchase puts units on it, a return takes the latest off. With the
    stack's height after every step (never below 0: what a return cannot take was never bought here), the units
    a purchase put between heights a and b are still there at the end up to the lowest height after it.
    """
    signed = pl.when("returned").then(-pl.col("quantity")).otherwise(pl.col("quantity"))
    total = signed.cum_sum().over(STACK)
    owed = pl.max_horizontal(-pl.col("total").cum_min().over(STACK), 0.0)
    before = pl.col("height") - pl.col("quantity")
    kept = (pl.col("height").cum_min(reverse=True).over(STACK) - before).clip(0.0, pl.col("quantity"))
    unmatched = pl.col("owed") - pl.col("owed").shift(1, fill_value=0.0).over(STACK)
    return (
        rows.sort("time", "returned", "row")
        .with_columns(total=total)
        .with_columns(owed=owed)
        .with_columns(height=pl.col("total") + pl.col("owed"))
        .select("row", left=pl.when("returned").then(unmatched).otherwise(kept).round(9))
    )

"""A return cancels the purchase it returns: the latest earlier one of the same user and item, by its quantity."""

import polars as pl

STACK = ["user_id", "item_id"]
DECIMALS = 9  # of a quantity (0.1 + 0.2 kg brought back in two parts leaves nothing)


def is_return(cancelled_basket: str | None) -> pl.Expr:
    """Rows that bring something back: a negative quantity, or a basket id that matches the pattern."""
    negative = pl.col("quantity") < 0
    if cancelled_basket is None:
        return negative.fill_null(value=False)
    return (negative | pl.col("basket_id").str.contains(cancelled_basket)).fill_null(value=False)


def settle(bought: pl.DataFrame, returned: pl.DataFrame) -> pl.DataFrame:
    """What all returns leave of each purchase, and of each return: exact, and without a loop.

    Both frames have `row` (unique over both), user_id, item_id, time and quantity > 0, the units bought or brought
    back. The result has `row`, `quantity` as given and `left`, for every return and for every purchase of an item
    that its user returned: of a purchase the units kept, of a return those that no earlier purchase accounts for.

    A user's units of one item are a stack: a purchase puts units on it, a return takes the latest off. With the
    stack's height after every step (never below 0: what a return cannot take was not bought here), the units
    that a purchase put between two heights are still there at the end up to the lowest height ever after.
    """
    bought = bought.filter(pl.col("user_id").is_in(returned["user_id"].unique().implode()))
    bought = bought.join(returned, on=STACK, how="semi")
    steps = pl.concat([side.select("row", *STACK, "time", "quantity", back=pl.lit(back)) for side, back in
                       ((bought, False), (returned, True))])  # fmt: skip
    balance = pl.when("back").then(-pl.col("quantity")).otherwise("quantity").cum_sum()
    owed = pl.max_horizontal(-pl.col("balance").cum_min().over(STACK), 0.0)
    lowest = pl.col("height").cum_min(reverse=True).over(STACK)
    kept = (lowest - pl.col("height") + pl.col("quantity")).clip(0.0, pl.col("quantity"))
    unmatched = pl.col("owed") - pl.col("owed").shift(fill_value=0.0).over(STACK)
    return (
        steps.sort("time", "back", "row")
        .with_columns(balance=balance.over(STACK))
        .with_columns(owed=owed)
        .with_columns(height=pl.col("balance") + pl.col("owed"))
        .select("row", "quantity", left=pl.when("back").then(unmatched).otherwise(kept).round(DECIMALS))
    )

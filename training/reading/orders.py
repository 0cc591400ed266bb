"""What is true of a whole order, though only one of its rows says so."""

import polars as pl

WHOSE = ("user_id", "time")


def fill_orders(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Rows whose order (basket_id) has one value of a column of WHOSE get it where they have none; and, by column,
    which did: many exports say on an order's first row only whose it is and when it was.

    An order of several users, of whom one may be a slip, keeps its blanks.
    """
    filled: dict[str, pl.Series] = {}
    for column in WHOSE:
        blank = rows[column].is_null() & rows["basket_id"].is_not_null()
        if not blank.any():
            continue
        orders = rows.filter(blank).select("basket_id").unique()
        said = rows.select("basket_id", column).drop_nulls().join(orders, on="basket_id", how="semi")
        one = said.unique().filter(pl.len().over("basket_id") == 1)
        found = rows.select("basket_id").join(one, on="basket_id", how="left", maintain_order="left")[column]
        which = blank & found.is_not_null()
        if which.any():
            filled[column] = which
            rows = rows.with_columns(found.zip_with(which, rows[column]).alias(column))
    return rows, filled


def whole_orders(rows: pl.DataFrame, marked: pl.Series) -> pl.Series:
    """Whether a row or another one of its order is marked (Boolean)."""
    orders = rows["basket_id"].filter(marked).drop_nulls().unique()
    return marked | rows["basket_id"].is_in(orders.implode()).fill_null(value=False)

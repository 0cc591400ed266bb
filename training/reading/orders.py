"""What is true of a whole order, though only one of its rows says so."""

from collections.abc import Sequence

import polars as pl


def fill_orders(rows: pl.DataFrame, columns: Sequence[str]) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Rows whose order (basket_id) has one value of a column get it where they have none; and, by column, which did.

    An order with several users, of which one may be a slip, keeps its blanks.
    """
    filled: dict[str, pl.Series] = {}
    for column in columns:
        blank = rows[column].is_null() & rows["basket_id"].is_not_null()
        if not blank.any():
            continue
        orders = rows.filter(blank).select("basket_id").unique()
        said = rows.select("basket_id", column).drop_nulls().join(orders, on="basket_id", how="semi")
        one = said.unique().filter(pl.len().over("basket_id") == 1)
        found = rows.select("basket_id").join(one, on="basket_id", how="left", maintain_order="left")[column]
        filled[column] = blank & found.is_not_null()
        rows = rows.with_columns(found.zip_with(blank, rows[column]).alias(column))
    return rows, filled


def whole_orders(rows: pl.DataFrame, marked: pl.Series) -> pl.Series:
    """Whether a row or another one of its order is marked (Boolean)."""
    orders = rows["basket_id"].filter(marked).drop_nulls().unique()
    return marked | rows["basket_id"].is_in(orders.implode()).fill_null(value=False)

"""What is true of a whole order, though only one of its rows says so."""

import polars as pl


def fill_orders(rows: pl.DataFrame, *, export: bool) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Rows without a user or a time get those of their order (basket_id), where it has one; and, by column, which did:
    many exports tell whose an order is, and when it was, on its first row only.

    A missing time may as well be a slip, which is dropped and counted: it is filled where the user was missing too, or
    in the `export` of a shop system. An order of several users, of whom one may be a slip, keeps its blanks.
    """
    filled: dict[str, pl.Series] = {}
    rows, filled["user_id"] = _fill(rows, "user_id", rows["user_id"].is_null())
    late = rows["time"].is_null()
    rows, filled["time"] = _fill(rows, "time", late if export else late & filled["user_id"])
    return rows, {column: which for column, which in filled.items() if which.any()}


def whole_orders(rows: pl.DataFrame, marked: pl.Series) -> pl.Series:
    """Whether a row or another one of its order is marked (Boolean)."""
    orders = rows["basket_id"].filter(marked).drop_nulls().unique()
    return marked | rows["basket_id"].is_in(orders.implode()).fill_null(value=False)


def _fill(rows: pl.DataFrame, column: str, blank: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    blank = blank & rows["basket_id"].is_not_null()
    if not blank.any():
        return rows, blank
    orders = rows.filter(blank).select("basket_id").unique()
    given = rows.select("basket_id", column).drop_nulls().join(orders, on="basket_id", how="semi")
    one = given.unique().filter(pl.len().over("basket_id") == 1)
    found = rows.select("basket_id").join(one, on="basket_id", how="left", maintain_order="left")[column]
    which = blank & found.is_not_null()
    return rows.with_columns(found.zip_with(which, rows[column]).alias(column)), which

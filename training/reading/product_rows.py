"""A table of products as rows in canonical columns, with what a shop system says in its own way."""

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from training.reading.availability import Availabilities
from training.reading.columns import CATALOGUE, Wanted, find, first_there, text
from training.reading.presets import ProductPreset, Stock
from training.reading.table import Table

ROLES = ("item", *CATALOGUE)
TEXTS = ("title", "category", "image_url", "product_url")
SAYS = "available "  # begins the names of columns all of which have to say that an item is available

Columns = Mapping[str, Sequence[str]]


def product_columns(table: Table, wanted: Wanted, preset: ProductPreset | None, elsewhere: Collection[str]) -> Columns:
    """Role -> the table's columns that play it, of which the first that says something counts; of `available` all.

    Raises DataError as `find`.
    """
    found = find(wanted, table, ROLES, required=("item",), elsewhere=elsewhere)
    columns = {role: [column] for role, column in found.items()}
    if preset is None:
        return columns
    for role, names in (*preset.columns.items(), ("available", preset.available)):
        if role != "item" and wanted.named(role) is None:
            columns[role] = _all_there(names, table)
    stock = preset.stock if wanted.named("available") is None else None
    return columns | {
        "group": _all_there(preset.group, table)[:1],
        "stock": [column for names in _stock_names(stock) for column in _all_there(names, table)[:1]],
    }


def product_rows(
    raw: pl.DataFrame, columns: Columns, preset: ProductPreset | None, words: Availabilities
) -> pl.DataFrame:
    """item_id and TEXTS as text, `price` as it was read, and columns named SAYS… (Boolean)."""
    rows = pl.DataFrame({"item_id": text(raw[columns["item"][0]])})
    for role in TEXTS:
        rows = rows.with_columns(_first_said(raw, columns.get(role, ())).alias(role))
    prices = columns.get("price", ())
    price = raw[prices[0]] if len(prices) == 1 else _first_said(raw, prices)
    says = [_says(raw[column], column, preset, words) for column in columns.get("available", ())]
    stock = _in_stock(raw, columns.get("stock", ()), preset.stock if preset else None)
    rows = rows.with_columns(price.alias("price"), *says)
    if columns.get("group"):
        rows = _spread(rows, text(raw[columns["group"][0]]))
    return rows if stock is None else rows.with_columns(stock.alias(f"{SAYS}stock"))


def _all_there(names: Sequence[str], table: Table) -> list[str]:
    there = (first_there((name,), table.columns) for name in names)
    return list(dict.fromkeys(column for column in there if column is not None))


def _first_said(raw: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    texts = [text(raw[column]).alias(column) for column in columns]
    if not texts:
        return pl.Series([None], dtype=pl.String).new_from_index(0, raw.height)
    return pl.DataFrame(texts).select(first=pl.coalesce(columns)).to_series()


def _says(values: pl.Series, column: str, preset: ProductPreset | None, words: Availabilities) -> pl.Series:
    off = preset.off.get(column, ()) if preset else ()
    said = words.read(values)
    if off:
        said = said.set(text(values).is_in(off).fill_null(value=False), value=False)
    return said.alias(f"{SAYS}{column}")


def _stock_names(stock: Stock | None) -> tuple[tuple[str, ...], ...]:
    return (stock.quantity, stock.policy, stock.tracker) if stock else ()


def _in_stock(raw: pl.DataFrame, columns: Sequence[str], stock: Stock | None) -> pl.Series | None:
    """Whether there is some of what is counted and not sold without; None where the table does not tell."""
    if stock is None or len(columns) < 3:
        return None
    quantity, policy, tracker = (text(raw[column]) for column in columns)
    counted = tracker.is_not_null() & policy.str.to_lowercase().is_in(stock.stops).fill_null(value=False)
    return (quantity.cast(pl.Float64, strict=False) > 0).set(~counted, None)


def _spread(rows: pl.DataFrame, group: pl.Series) -> pl.DataFrame:
    """What a product says on the first of its rows is true of all."""
    spread = [column for column in rows.columns if column in TEXTS or column.startswith(SAYS)]
    first = (pl.col(column).drop_nulls().first().over("group").alias(column) for column in spread)
    known = rows.with_columns(group=group).with_row_index("row")
    firsts = known.filter(pl.col("group").is_not_null()).select("row", *first)
    filled = known.join(firsts, on="row", how="left", suffix="_first", maintain_order="left")
    return filled.select(
        pl.coalesce(column, f"{column}_first").alias(column) if column in spread else column for column in rows.columns
    )

"""A shop's columns, found by name and parsed into the canonical ones: ids are text, times UTC, numbers floats."""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence

import polars as pl

from training.config import Columns
from training.errors import DataError
from training.reading.table import Table
from training.reading.times import TIME, read_times

# The names a column is found by when the configuration gives none: compared without case and punctuation,
# the first that is there wins.
OBVIOUS: Mapping[str, tuple[str, ...]] = {
    "user": ("user_id", "customer_id", "user", "customer", "visitor_id", "client_id"),
    "item": ("item_id", "product_id", "item", "product", "sku", "stock_code", "article_id"),
    "time": ("time", "timestamp", "datetime", "event_time", "ordered_at", "created_at", "order_date", "invoice_date",
             "date"),
    "basket": ("basket_id", "order_id", "invoice_id", "invoice_no", "transaction_id", "basket", "order", "invoice"),
    "event": ("event", "event_type"),
    "quantity": ("quantity", "qty", "units"),
    "price": ("price", "unit_price"),
    "title": ("title", "item_name", "product_name", "product_title", "name", "description"),
    "category": ("category", "category_name", "department"),
    "image_url": ("image_url", "image", "image_link"),
    "product_url": ("product_url", "url", "link"),
    "available": ("available", "in_stock", "availability"),
}  # fmt: skip

# Role of a configured column -> canonical column.
CANONICAL: Mapping[str, str] = {
    "user": "user_id", "item": "item_id", "time": "time", "basket": "basket_id", "event": "event",
    "quantity": "quantity", "price": "price", "title": "title", "category": "category",
    "image_url": "image_url", "product_url": "product_url", "available": "available",
}  # fmt: skip
UNUSED = ""  # a role the configuration turns off
REQUIRED = ("user", "item", "time")
CATALOGUE = ("title", "category", "price", "image_url", "product_url", "available")

SCHEMA: Mapping[str, pl.DataType] = {
    "user_id": pl.String(), "item_id": pl.String(), "time": TIME, "basket_id": pl.String(), "event": pl.String(),
    "quantity": pl.Float64(), "price": pl.Float64(), "title": pl.Categorical(), "category": pl.Categorical(),
    "image_url": pl.Categorical(), "product_url": pl.Categorical(), "available": pl.Boolean(),
}  # fmt: skip
"""What `parse` gives. Catalogue texts repeat on every row of an item, so they are held once, as categories."""

AFFIRMATIVE = ("true", "t", "yes", "y", "in stock", "in_stock", "instock", "available")


def find(
    columns: Columns,
    table: Table,
    roles: Sequence[str],
    required: Collection[str] = (),
    elsewhere: Collection[str] = (),
) -> dict[str, str]:
    """Role -> the table's column that plays it.

    A column that the configuration names must be there unless its role is among those that may be `elsewhere` (in
    a catalogue of its own); other roles are found by their obvious names, or left out if not `required`. Raises
    DataError listing the columns there are and the closest name.
    """
    there = table.columns
    found: dict[str, str] = {}
    problems: list[str] = []
    for role in roles:
        wanted = getattr(columns, role)
        if wanted in there:
            found[role] = wanted
        elif wanted and role not in elsewhere:
            problems.append(_absent(role, wanted, there))
        elif wanted != UNUSED and (column := obvious(role, there)):
            found[role] = column
        elif role in required:
            problems.append(
                f"no {role} column: name it as columns.{role} (found by itself: {', '.join(OBVIOUS[role])})"
            )
    if problems:
        raise DataError(
            "\n  ".join([f"{table.name}: unmapped columns", *problems, f"the columns are {', '.join(there)}"])
        )
    return found


def obvious(role: str, there: Sequence[str]) -> str | None:
    """The column that has one of a role's obvious names."""
    plain = {_plain(column): column for column in reversed(there)}
    return next((plain[_plain(name)] for name in OBVIOUS[role] if _plain(name) in plain), None)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _absent(role: str, wanted: str, there: Sequence[str]) -> str:
    close = difflib.get_close_matches(wanted, there, n=1, cutoff=0.5)
    return f"no column {wanted!r} (columns.{role})" + (f"; did you mean {close[0]!r}?" if close else "")


def parse(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns named as in CANONICAL, of any type, to those of SCHEMA; missing ones come as null.

    What cannot be read as a time becomes null, as a number NaN (an absent number stays null).
    """
    return rows.select(
        PARSERS.get(dtype, _text)(rows[column]).cast(dtype).alias(column)
        if column in rows.columns
        else pl.lit(None, dtype).alias(column)
        for column, dtype in SCHEMA.items()
    )


def _text(values: pl.Series) -> pl.Series:
    """Text as it is, leading zeros and all; blank is null; a whole float (17850.0) loses its point."""
    text = values.cast(pl.String)
    if values.dtype.is_float():
        text = text.str.strip_suffix(".0")
    return text.set(text.str.strip_chars() == "", None)


def _number(values: pl.Series) -> pl.Series:
    if values.dtype.is_numeric():
        return values.cast(pl.Float64)
    text = _text(values)
    number = text.str.strip_chars().cast(pl.Float64, strict=False)
    return number.set(number.is_null() & text.is_not_null(), float("nan"))


def _available(values: pl.Series) -> pl.Series:
    """A Boolean, a stock level, or a word for yes; anything else that is there says no."""
    if values.dtype == pl.Boolean:
        return values
    text = _text(values).str.strip_chars().str.to_lowercase()
    return text.is_in(AFFIRMATIVE) | (text.cast(pl.Float64, strict=False) > 0).fill_null(False)


PARSERS: Mapping[pl.DataType, Callable[[pl.Series], pl.Series]] = {
    TIME: read_times, pl.Float64(): _number, pl.Boolean(): _available,
}  # fmt: skip

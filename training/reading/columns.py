"""A shop's columns, found by name and put into the canonical ones: ids are text, times UTC, numbers floats."""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from training.config import ItemColumns
from training.errors import DataError
from training.reading.blanks import trimmed
from training.reading.presets import ORDERS, PRODUCTS, Names, preset_of
from training.reading.table import Table
from training.reading.time_formats import TIME

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


@dataclass(frozen=True)
class Wanted:
    """Which columns play which roles, as far as it is said: by the configuration's `section` before all, then by a
    preset (role -> names, the first that is there), or, without one, by `fallback`, which need not be right here."""

    columns: ItemColumns
    preset: Names | None = None
    fallback: ItemColumns | None = None
    section: str = "columns"

    def named(self, role: str) -> str | None:
        """The column that the section names; UNUSED where it turns the role off, None where it says nothing."""
        name: str | None = getattr(self.columns, role, None)
        if name is None and self.preset is None:
            name = getattr(self.fallback, role, None)
        return name

    def is_own(self, role: str) -> bool:
        """Whether the section names the column for this source and no other."""
        return self.fallback is not None and getattr(self.columns, role, None) is not None

    def key(self, role: str) -> str:
        """The setting that names the column."""
        return f"{self.section if self.is_own(role) else 'columns'}.{role}"

    @property
    def all_named(self) -> Mapping[str, str]:
        """Role -> column, of all roles of which something is said."""
        return {role: name for role in CANONICAL if (name := self.named(role))}


def find(
    wanted: Wanted,
    table: Table,
    roles: Sequence[str],
    required: Collection[str] = (),
    elsewhere: Collection[str] = (),
) -> dict[str, str]:
    """Role -> the table's column that plays it.

    A column that the configuration names must be there unless its role is among those that may be `elsewhere` (in
    a catalogue of its own); other roles are found by the preset or, without one, by their obvious names, or left out if
    not `required`. Raises DataError listing the columns there are and the closest name.
    """
    there = table.columns
    found: dict[str, str] = {}
    problems: list[str] = []
    for role in roles:
        name = wanted.named(role)
        if name in there:
            found[role] = name
        elif name and (role not in elsewhere or wanted.is_own(role)):
            problems.append(_absent(wanted.key(role), name, there))
        elif name != UNUSED and (column := _by_itself(role, wanted, there)):
            found[role] = column
        elif role in required:
            problems.append(_unnamed(role, wanted))
    if problems:
        lines = [f"{table.name}: unmapped columns", *problems, f"the columns are {', '.join(there)}"]
        raise DataError("\n  ".join([*lines, *_preset_hint(wanted, there)]))
    return found


def first_there(names: Sequence[str], there: Sequence[str]) -> str | None:
    """The first of the names that is among the columns, without case and punctuation."""
    plain = {_plain(column): column for column in reversed(there)}
    return next((plain[_plain(name)] for name in names if _plain(name) in plain), None)


def _preset_hint(wanted: Wanted, there: Sequence[str]) -> list[str]:
    section, presets = ("data", ORDERS) if wanted.fallback is None else ("catalogue", PRODUCTS)
    preset = preset_of(there, presets) if wanted.preset is None else None
    return [f'{section}.preset = "{preset}" knows these columns'] if preset else []


def _by_itself(role: str, wanted: Wanted, there: Sequence[str]) -> str | None:
    if wanted.preset is not None:
        return first_there(wanted.preset.get(role, ()), there)
    # A column is one thing: an order's number by the name of "name" is nobody's title. Only an item may be called so.
    named = {column for other, column in wanted.all_named.items() if (role, other) != ("title", "item")}
    return first_there(OBVIOUS[role], [column for column in there if column not in named])


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _absent(key: str, wanted: str, there: Sequence[str]) -> str:
    close = difflib.get_close_matches(wanted, there, n=1, cutoff=0.5)
    return f"no column {wanted!r} ({key})" + (f"; did you mean {close[0]!r}?" if close else "")


def _unnamed(role: str, wanted: Wanted) -> str:
    names = OBVIOUS[role] if wanted.preset is None else wanted.preset.get(role, ())
    how = "found by itself" if wanted.preset is None else "the preset's are"
    return f"no {role} column: name it as {wanted.section}.{role} ({how}: {', '.join(names)})"


def parse(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns named as in CANONICAL to those of SCHEMA; missing ones come as null.

    Ids are trimmed, texts to show stay as they are, blank ones are null; a whole float (17850.0) loses its point. Times
    and numbers are such already (`training.reading.times`, `training.reading.numbers`), as is what is available.
    """
    if "time" in rows.columns and not isinstance(rows.schema["time"], pl.Datetime | pl.Null):
        raise TypeError(f"{rows.schema['time']} is no time: Times reads what a shop writes")
    return rows.select(
        READ.get(dtype, _as_it_is)(rows[column]).cast(dtype).alias(column)
        if column in rows.columns
        else pl.lit(None, dtype).alias(column)
        for column, dtype in SCHEMA.items()
    )


def text(values: pl.Series) -> pl.Series:
    """Trimmed text, leading zeros and all; blank is null; a whole float (17850.0) loses its point, a formula (="0105")
    what makes it one."""
    plain = trimmed(values)
    if values.dtype.is_float():
        whole = values == values.floor()
        digits = values.set(~whole.fill_null(value=False), None).cast(pl.Int64, strict=False).cast(pl.String)
        plain = digits.zip_with(digits.is_not_null(), plain)  # not 4.0e+16
    elif plain.str.starts_with('="').any():  # a formula keeps leading zeros from a spreadsheet: ="0105"
        plain = plain.str.replace(r'^="([^"]*)"$', "$1")
    blank = plain == ""
    return plain.set(blank, None) if blank.any() else plain


def _shown(values: pl.Series) -> pl.Series:
    texts = values.cast(pl.String).str.strip_chars_end("\r")  # of lines that end in \r\r\n
    return texts.set(texts.str.strip_chars() == "", None)


def _as_it_is(values: pl.Series) -> pl.Series:
    return values


READ: Mapping[pl.DataType, Callable[[pl.Series], pl.Series]] = {pl.String(): text, pl.Categorical(): _shown}

"""What only all rows of a source tell: ids as they are meant, whose orders they are, and which orders count."""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from training.config import Config
from training.interactions.order_titles import tells_orders
from training.reading.columns import CANONICAL
from training.reading.ids import settle_ids
from training.reading.orders import fill_orders, whole_orders

IDS = ("item", "basket", "user")

Place = Callable[[int], str]


@dataclass(frozen=True)
class Settled:
    """All rows, what was changed, as lines, and texts of (column, row) that are null by now, one a column."""

    rows: pl.DataFrame
    notes: tuple[str, ...] = ()
    odd: dict[tuple[str, int], str] = field(default_factory=dict)


def settle_rows(rows: pl.DataFrame, config: Config, place: Place, *, title_found: bool) -> Settled:
    """Rows in the columns of SCHEMA with ids settled, and with their order's user and time where they have none.

    `title_found`: nobody said which column is the title. Raises as `settle_ids`.
    """
    notes: list[str] = []
    odd: dict[tuple[str, int], str] = {}
    for role in IDS:
        column = CANONICAL[role]
        ids = settle_ids(rows[column], role, config.clean.missing, place)
        rows = rows.with_columns(ids.ids.alias(column))
        notes += ids.notes
        if ids.first is not None:
            odd[column, ids.first[0]] = ids.first[1]
    rows, filled = fill_orders(rows, export=config.data.preset is not None)
    notes += [_filled(column, which, place) for column, which in filled.items()]
    if title_found and tells_orders(rows):
        rows = rows.with_columns(title=pl.lit(None, rows.schema["title"]))
        notes.append("title: the column that was found has one value an order, and is not used")
    return Settled(rows, tuple(notes), odd)


def without_void(rows: pl.DataFrame, marked: pl.Series | None) -> pl.DataFrame:
    """The rows without those of orders that have a marked one (Boolean, as many as rows)."""
    return rows if marked is None else rows.filter(~whole_orders(rows, marked))


def _filled(column: str, which: pl.Series, place: Place) -> str:
    role = next(role for role, canonical in CANONICAL.items() if canonical == column)
    return f"{role}: {int(which.sum()):,} rows without one have that of their order: {place(int(which.arg_max() or 0))}"

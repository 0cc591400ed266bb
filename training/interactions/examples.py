"""One row of each reason for which rows are dropped, for whoever wants to know why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

# What of a row tells the reason; the item where there is nothing better. Never a user: who is erased later must not
# live on in what is written down.
TELLING: Mapping[str, tuple[str, ...]] = {
    "no item": ("item_id",),
    "bad time": ("time",),
    "event without a weight": ("event",),
    "cancelled or returned": ("basket_id", "quantity"),
    "price or quantity not positive": ("price", "quantity"),
}
ITEM = ("item_id",)
NAMES = {"item_id": "item", "basket_id": "basket"}

Place = Callable[[int], str]


@dataclass(frozen=True)
class Example:
    """A dropped row's number and its telling values by column, None where there is none."""

    row: int
    values: Mapping[str, object]

    def shown(self, odd: Mapping[tuple[str, int], str], place: Place) -> str:
        """The values, as they were read where `odd` (by column and row) knows it, and where they stand."""
        told = ", ".join(f"{NAMES.get(column, column)} {self._value(column, odd)}" for column in self.values)
        return f"{told} ({place(self.row)})"

    def _value(self, column: str, odd: Mapping[tuple[str, int], str]) -> str:
        value = odd.get((column, self.row), self.values[column])
        if value is None:
            return "none"
        return repr(value) if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def example_of(reason: str, row: pl.DataFrame) -> Example:
    """The example that a row (a frame of one, with `row` and the columns of SCHEMA) is of a reason."""
    return Example(int(row["row"][0]), {column: row[column][0] for column in TELLING.get(reason, ITEM)})

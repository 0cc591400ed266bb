"""The prices and quantities of one table."""

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from training.reading.decimal_mark import Mark
from training.reading.numbers import Numbers
from training.reading.table import Table

NUMBERS = ("price", "quantity")
FOR_PEOPLE = ("CSV", "TSV", "Excel")  # formats in which a number may be written as people write it

Place = Callable[[int], str]


class TableNumbers:
    """Reads the columns of NUMBERS among the roles that a table has, batch by batch.

    `odd`: (column, row of the table) -> the first text of each that is no number; `notes` say how many there were.
    """

    def __init__(self, table: Table, roles: Mapping[str, str], decimal: Mark | None, missing: tuple[str, ...]) -> None:
        people = table.found.format.startswith(FOR_PEOPLE)
        self._columns = {
            role: Numbers(table.name, role, decimal, people=people, missing=missing)
            for role in NUMBERS
            if role in roles
        }
        self.odd: dict[tuple[str, int], str] = {}
        self.notes: list[str] = []

    def read(self, named: pl.DataFrame) -> list[pl.Series]:
        """The next rows' numbers, those that are certain by now."""
        return [numbers.read(named[role]).alias(role) for role, numbers in self._columns.items()]

    def settle(self, parts: Sequence[pl.DataFrame], place: Place) -> list[pl.DataFrame]:
        """All rows that were read, in the same parts, with all of their numbers. Raises as `Numbers.settle`."""
        settled = list(parts)
        for role, numbers in self._columns.items():
            late = numbers.settle(place)
            if late is not None:
                whole = pl.concat([part[role] for part in settled]).scatter(late["row"], late["number"])
                settled = list(_put(settled, role, whole))
                self._note(role, numbers, place)
        return settled

    def _note(self, role: str, numbers: Numbers, place: Place) -> None:
        if numbers.found:
            self.notes.append(numbers.found)
        if numbers.odd is not None:
            odd = numbers.odd
            self.odd[role, odd.row] = odd.text
            self.notes.append(f"{role}: {odd.count:,} values are no numbers: {odd.text!r} ({place(odd.row)})")


def _put(parts: Sequence[pl.DataFrame], role: str, whole: pl.Series) -> list[pl.DataFrame]:
    put, start = [], 0
    for part in parts:
        put.append(part.with_columns(whole.slice(start, part.height).alias(role)))
        start += part.height
    return put

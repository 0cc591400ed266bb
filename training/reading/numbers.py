"""A column of prices or quantities as numbers, however they are written; the decimal mark is settled over all of it."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from training.errors import DataError
from training.reading.blanks import trimmed
from training.reading.decimal_mark import Mark, find_mark, parse_marked
from training.reading.missing import is_missing

NO_NUMBER_SHARE = 0.5  # of all that is there: above it the column is not what it is taken for
NAN = float("nan")

Place = Callable[[int], str]


@dataclass(frozen=True)
class Odd:
    """Texts that are no numbers: how many, and the first one with its row."""

    count: int
    row: int
    text: str


class Numbers:
    """Reads a table's column batch by batch. What a plain number may not mean in the end is held until `settle`.

    `decimal` is the configured mark; None finds it. `people`: whether the source is written for people, so that 1.299
    may be 1299; JSON and databases write a decimal point.
    """

    def __init__(self, name: str, role: str, decimal: Mark | None, *, people: bool, missing: tuple[str, ...]) -> None:
        self._name, self._role = name, role
        self._decimal: Mark | None = decimal
        self._people = people
        self._missing = missing
        self._held: list[pl.DataFrame] = []
        self._n_rows = self._n_given = 0
        self._unmarked = self._pointed = False
        self.odd: Odd | None = None
        self.found: str | None = None

    def read(self, values: pl.Series) -> pl.Series:
        """The numbers (Float64) of the next rows: null where there is none, and where `settle` tells it."""
        if values.dtype.is_numeric() or values.dtype == pl.Null:
            numbers = values.cast(pl.Float64).fill_nan(None)
            self._n_rows += len(numbers)
            return numbers
        text = trimmed(values)
        numbers = text.cast(pl.Float64, strict=False).fill_nan(None)
        held = self._to_hold(text, numbers)
        if held.any():
            rows = pl.int_range(self._n_rows, self._n_rows + len(text), eager=True)
            self._held.append(pl.DataFrame({"row": rows.filter(held), "text": text.filter(held)}))
            numbers = numbers.set(held, None)
        self._n_rows += len(text)
        self._n_given += len(text) - text.null_count()
        return numbers

    def settle(self, place: Place) -> pl.DataFrame | None:
        """The numbers of held rows: row (Int64, from 0) and number (Float64, NaN where it is none); None of no rows.

        Raises DataError where the decimal mark cannot be told, or where most texts are no numbers.
        """
        if not self._held:
            return None
        held = pl.concat(self._held)
        self._held = []
        mark = self._decimal or find_mark(held["text"], unmarked=self._unmarked, pointed=self._pointed)
        if mark is None:
            raise DataError(self._undecided(held, place))
        number = parse_marked(held["text"], mark)
        self.found = None if mark == "." else f"{self._role}: the decimal mark is {mark}"
        self._count(held, number, place)
        return held.select("row", number=number.fill_null(NAN))

    def _to_hold(self, text: pl.Series, numbers: pl.Series) -> pl.Series:
        """Rows whose text is no plain number, or one that may be meant otherwise: 1.299."""
        odd = numbers.is_null() & text.is_not_null()
        if odd.any():
            odd = odd & (text != "") & ~is_missing(text, self._missing, person=False)
        if self._decimal == ",":
            return odd | text.str.contains(".", literal=True).fill_null(value=False)
        if self._decimal == "." or not self._people:
            return odd
        grouped = (text.str.slice(-4, 1) == ".").fill_null(value=False)
        if not (self._unmarked and self._pointed):
            sure = numbers.filter(~grouped).drop_nulls()
            self._unmarked = self._unmarked or len(sure) > 0
            self._pointed = self._pointed or bool((sure != sure.floor()).any())
        return odd | grouped

    def _undecided(self, held: pl.DataFrame, place: Place) -> str:
        marked = held.filter(pl.col("text").str.contains("[.,]"))
        return (
            f"{self._name}: {marked['text'][0]!r} ({place(marked['row'][0])}) may be read in two ways, as may "
            f'all numbers of the column of {self._role}: say decimal = "." or decimal = ","'
        )

    def _count(self, held: pl.DataFrame, number: pl.Series, place: Place) -> None:
        none = held.filter(number.is_null())
        if none.is_empty():
            return
        self.odd = Odd(none.height, int(none["row"][0]), str(none["text"][0]))
        if none.height > NO_NUMBER_SHARE * self._n_given:
            raise DataError(
                f"{self._name}: {none.height:,} of {self._n_given:,} values of the column of {self._role} are no "
                f"numbers: {self.odd.text!r} ({place(self.odd.row)})"
            )

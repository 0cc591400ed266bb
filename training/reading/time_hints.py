"""Times that could not be read, and what they may be instead."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

EXCEL = (30_000.0, 75_000.0)  # days since 30 December 1899: from 1982 to 2105
EXCELS_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001


@dataclass
class Unread:
    """How many values are no times; row and text of the first; of those that are numbers the least and the greatest."""

    count: int = 0
    first: tuple[int, str] | None = None
    least: float | None = None
    most: float | None = None

    def add(self, count: int, first: tuple[int, str] | None, values: pl.Series | None = None) -> None:
        """Here are more, the first of which is `first`."""
        self.count += count
        if count and first is not None and (self.first is None or first[0] < self.first[0]):
            self.first = first
        numbers = None if values is None else values.cast(pl.Float64, strict=False).drop_nulls().drop_nans()
        if numbers is not None and len(numbers):
            least, most = float(numbers.min()), float(numbers.max())  # type: ignore[arg-type]
            self.least = least if self.least is None else min(self.least, least)
            self.most = most if self.most is None else max(self.most, most)


def hint(unread: Unread, found: str) -> str:
    """What to do about them; `found` is what the others are."""
    least, most = unread.least, unread.most
    if least is None or most is None:
        others = f"the others were taken for {found}; " if found else ""
        return f'{others}say data.time_format, a pattern such as "%d.%m.%Y %H:%M" (before 1990 nothing is a time)'
    if unread.first is not None and "e" in unread.first[1].lower():
        return "a spreadsheet or a program rounded the numbers: export the column with all of its digits"
    numbers = f"the numbers from {least:.15g} to {most:.15g} are neither Unix time nor dates such as 20260601"
    if EXCEL[0] <= least and most <= EXCEL[1]:
        day = EXCELS_EPOCH + timedelta(days=least)
        return f'{numbers}; if they are Excel\'s days ({least:.15g} is {day:%Y-%m-%d}) say data.time_format = "excel"'
    return (
        f'{numbers}; if they count days say data.time_format = "days" (day 0 is 1970-01-01), if seconds since 1970 '
        '"unix", or a pattern such as "%y%m%d"'
    )

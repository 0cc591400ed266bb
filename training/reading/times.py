"""A column of times, however a shop writes them, as naive UTC with microseconds."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from training.errors import DataError
from training.reading.blanks import trimmed
from training.reading.time_formats import (
    EARLIEST,
    EXCELS_ZERO,
    NUMBERS,
    TEXTS,
    TIME,
    UNIX,
    Reader,
    from_days,
    from_unix,
    pattern_reader,
    read_by,
    within,
)
from training.reading.time_hints import Unread, hint
from training.reading.time_order import DATE, ORDERS, DayOrders

UNREAD_SHARE = 0.2  # of all times: above it the column is not what it is taken for
MANY_ROWS, SHORT_SPAN = 100, timedelta(hours=1)

Place = Callable[[int], str]


class Times:
    """Reads a column batch by batch; what only all of it tells is settled at the end.

    `name` is for messages. `time_format`: a strptime pattern, or a name of `training.config.TIME_FORMATS`; None finds
    the format, and takes what is before 1990 for no time. A time without an offset is taken for UTC.
    """

    def __init__(self, name: str, time_format: str | None, now: datetime) -> None:
        self._name = name
        self._order = time_format if time_format in ORDERS else None
        self._fixed = _fixed(time_format) if time_format and not self._order else None
        self._orders = DayOrders(now)
        self._kinds: Counter[str] = Counter({time_format: 0} if time_format else ())
        self._rows = 0
        self._given = 0
        self.unread = Unread()

    def read(self, values: pl.Series) -> pl.Series:
        """The times (Datetime[us]) of the next rows: null where there is none, and where it is settled later."""
        given = _given(values)
        held = pl.Series([False]).new_from_index(0, len(given))
        if given.dtype.is_temporal():
            times = within(_utc(given), EARLIEST)
            self._kinds["dates" if given.dtype == pl.Date else "datetimes"] += len(given)
        elif self._fixed is not None:
            times = self._fixed(given)
        elif given.dtype.is_numeric():
            times = read_by(NUMBERS, given, self._kinds)
        else:
            held = given.str.contains(DATE).fill_null(value=False)
            times = read_by(TEXTS, _hide(given, held), self._kinds)
        self._count(given, times, held)
        return times

    def settle(self, times: pl.Series, place: Place) -> pl.Series:
        """All rows' times, from those that `read` gave; `place` tells where a row stands.

        Raises DataError where they cannot be told apart, where more than UNREAD_SHARE cannot be read, and where they
        cannot be a shop's: many rows within an hour.
        """
        try:
            settled = self._orders.settle(self._order)
        except DataError as error:
            raise DataError(f"{self._name}: the column of times: {error}") from error
        for part in settled:
            times = part.times if len(part.times) == len(times) else times.scatter(part.rows, part.times)
            self.unread.add(part.times.null_count(), part.odd)
            self._kinds[part.order.replace("_", " ")] += len(part.times) - part.times.null_count()
        self._expect_few_unread(place)
        self._expect_span(times)
        return times

    @property
    def found(self) -> str:
        """What the times were taken for, the most frequent first."""
        return ", ".join(kind for kind, count in self._kinds.most_common() if count or self._fixed)

    def _count(self, given: pl.Series, times: pl.Series, held: pl.Series) -> None:
        if held.any():
            rows = pl.Series(self._rows + np.flatnonzero(held.to_numpy()))
            self._orders.hold(given.filter(held), rows)
        unread = given.is_not_null() & times.is_null() & ~held
        if unread.any():
            first = int(unread.arg_max() or 0)
            self.unread.add(int(unread.sum()), (self._rows + first, str(given[first])), given.filter(unread))
        self._given += len(given) - given.null_count()
        self._rows += len(given)

    def _expect_few_unread(self, place: Place) -> None:
        unread = self.unread
        if unread.first is None or unread.count <= UNREAD_SHARE * self._given:
            return
        row, text = unread.first
        raise DataError(
            f"{self._name}: {unread.count:,} of {self._given:,} times cannot be read, more than {UNREAD_SHARE:.0%}: "
            f"{text!r} is no time ({place(row)}); {hint(unread, self.found)}"
        )

    def _expect_span(self, times: pl.Series) -> None:
        first, last = times.min(), times.max()
        if self._fixed is not None or not (isinstance(first, datetime) and isinstance(last, datetime)):
            return
        if len(times) - times.null_count() >= MANY_ROWS and last - first < SHORT_SPAN:
            raise DataError(
                f"{self._name}: all {len(times):,} rows lie within an hour, from {first} to {last}: the times were "
                f"taken for {self.found}; say data.time_format if they are something else"
            )


def _fixed(time_format: str) -> Reader:
    """The reader of a format that the configuration gives, for numbers and for text."""
    if time_format in UNIX:
        return lambda values: from_unix(values.cast(pl.Float64, strict=False), time_format)
    if time_format in ("days", "excel"):
        zero = EXCELS_ZERO if time_format == "excel" else 0.0
        return lambda values: from_days(values.cast(pl.Float64, strict=False), zero)
    read = pattern_reader(time_format)
    return lambda values: read(values if values.dtype == pl.String else values.cast(pl.String).str.strip_suffix(".0"))


def _given(values: pl.Series) -> pl.Series:
    """Times as they are, numbers as Float64, all else as text; null where there is nothing."""
    if values.dtype.is_temporal():
        return values
    return values.cast(pl.Float64).fill_nan(None) if values.dtype.is_numeric() else _text(values)


def _utc(values: pl.Series) -> pl.Series:
    zoned = isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None
    return (values.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else values).cast(TIME)


def _text(values: pl.Series) -> pl.Series:
    text = trimmed(values)
    return _hide(text, text == "")


def _hide(text: pl.Series, which: pl.Series) -> pl.Series:
    return text.set(which, None) if which.any() else text

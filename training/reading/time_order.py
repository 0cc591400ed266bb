"""Dates such as 01/06/2026 and 26-06-01, of which only the whole column tells what is day, month and year."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from training.errors import DataError
from training.reading.time_formats import EARLIEST, RELATIVES, TIME, normal_text, pattern_reader, read_by, within

DATE = r"^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})([ T,].*)?$"
ORDERS: Mapping[str, tuple[int, int, int]] = {"day_first": (4, 3, 1), "month_first": (4, 1, 3), "year_first": (1, 3, 4)}
"""Name -> the groups of DATE that are year, month and day."""
SPELLED = {"day_first": "%d{0}%m{0}%{1}", "month_first": "%m{0}%d{0}%{1}", "year_first": "%{1}{0}%m{0}%d"}
SOME_DAY = datetime(2000, 1, 1)  # noqa: DTZ001
MIXED_SHARE = 0.01  # of all dates: where as many fit another order alone, others are read in the wrong one unseen
NO_TIME = pl.Series([None], dtype=TIME)


@dataclass
class _Group:
    """Dates with the same mark between their parts and as many digits of the year: `held` has row, and a time for each
    of ORDERS; `odd` the first text that is no date in an order, and its row, `misfit` the first that is one in another
    order alone."""

    mark: str
    digits: int
    held: list[pl.DataFrame] = field(default_factory=list)
    odd: dict[str, tuple[int, str]] = field(default_factory=dict)
    misfit: dict[str, str] = field(default_factory=dict)
    example: str = ""


@dataclass(frozen=True)
class Ordered:
    """`row` (Int64) and `time` of what was held, null where it is no date in the order that was chosen; `order` says
    which, `odd` is the first of those that do not fit: its row and text."""

    rows: pl.Series
    times: pl.Series
    order: str
    odd: tuple[int, str] | None


class DayOrders:
    """Holds such dates, read in every order, until `settle`."""

    def __init__(self, now: datetime) -> None:
        self._until = now + timedelta(days=1)
        self._groups: dict[tuple[str, int], _Group] = {}

    def hold(self, text: pl.Series, rows: pl.Series) -> None:
        """`text` matches DATE; `rows` (Int64) are its rows in the column."""
        parts = text.str.extract_groups(DATE).struct
        frame = pl.DataFrame(
            {
                "text": normal_text(text),
                "row": rows,
                "mark": parts.field("2"),
                "digits": parts.field("4").str.len_chars(),
            }
        )
        for (mark, digits), part in frame.partition_by("mark", "digits", as_dict=True).items():
            group = self._groups.setdefault((mark, digits), _Group(mark, digits))
            self._hold(group, part["text"], part["row"])

    def settle(self, fixed: str | None) -> list[Ordered]:
        """The times, in the order that `fixed` names, or that most of a group fits.

        Raises DataError where two orders fit equally well and it matters.
        """
        return [_settled(group, fixed) for group in self._groups.values()]

    def _hold(self, group: _Group, text: pl.Series, rows: pl.Series) -> None:
        group.example = group.example or text[0]
        time_of_day = read_by(RELATIVES, text.str.replace(DATE, f"{SOME_DAY:%Y-%m-%d}${{5}}")) - SOME_DAY
        orders = {order: self._read(text, order, group.digits) + time_of_day for order in ORDERS}
        some = pl.DataFrame(orders).select(some=pl.any_horizontal(pl.all().is_not_null())).to_series()
        for order, times in orders.items():
            if order not in group.odd and times.has_nulls():
                first = int(times.is_null().arg_max() or 0)
                group.odd[order] = (rows[first], text[first])
            misfit = times.is_null() & some
            if order not in group.misfit and misfit.any():
                group.misfit[order] = text[int(misfit.arg_max() or 0)]
        group.held.append(pl.DataFrame({"row": rows, **orders}))

    def _read(self, text: pl.Series, order: str, digits: int) -> pl.Series:
        """The dates, at midnight."""
        if order == "year_first" and digits == 4:  # then the year is the last part
            return NO_TIME.new_from_index(0, len(text))
        year, month, day = ORDERS[order]
        dates = text.str.replace(DATE, f"{'20' if digits == 2 else ''}${{{year}}}-${{{month}}}-${{{day}}}")
        if digits == 2:
            dates = dates.str.replace(r"^20(9\d-)", "19$1")
        return within(pattern_reader("%Y-%m-%d")(dates), EARLIEST, self._until if digits == 2 else None)


def _settled(group: _Group, fixed: str | None) -> Ordered:
    held = pl.concat(group.held)
    order = fixed or _choose(group, held)
    return Ordered(held["row"], held[order], order, group.odd.get(order))


def _expect_one_order(group: _Group, held: pl.DataFrame, order: str) -> None:
    """Raises DataError where dates fit another order and not this one: of the rest some would be read wrongly."""
    for other in ORDERS:
        alone = held.filter(pl.col(order).is_null() & pl.col(other).is_not_null()).height
        if alone > MIXED_SHARE * held.height:
            raise DataError(
                f"most dates fit {order.replace('_', ' ')}, but {alone:,} of {held.height:,} "
                f"{other.replace('_', ' ')} alone, as {group.misfit[order]!r}: write all in one way, or say time_format"
            )


def _choose(group: _Group, held: pl.DataFrame) -> str:
    """The order that most dates fit; of several a point says the day goes first (01.06.2026), nothing else does."""
    fits = {order: held.height - held[order].null_count() for order in ORDERS}
    best = [order for order, count in fits.items() if count == max(fits.values())]
    alike = all(held[best[0]].eq_missing(held[order]).all() for order in best[1:])
    if alike or (group.mark == "." and best[0] == "day_first"):
        _expect_one_order(group, held, best[0])
        return best[0]
    kinds = " and ".join(order.replace("_", " ") for order in best)
    patterns = " or ".join(
        f'"{order}" ({SPELLED[order].format(group.mark, "Y" if group.digits == 4 else "y")})' for order in best
    )
    raise DataError(f"{group.example!r} and all others fit {kinds}: say time_format = {patterns}")

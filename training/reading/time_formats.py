"""The ways to write a time that a value tells by itself: ISO 8601 and its relatives, month names, Unix time."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

import polars as pl

TIME = pl.Datetime("us")
EARLIEST = datetime(1990, 1, 1)  # noqa: DTZ001 - before it no shop sold online; what says so is no time, or another
LATEST = datetime(2100, 1, 1)  # noqa: DTZ001
NAIVE = (
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%MZ",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.fZ",
)
WITH_OFFSET = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%d %H:%M%#z",
    "%Y-%m-%d %H:%M:%S%.f %#z",
    "%Y-%m-%dT%H:%M:%S%.f %#z",
    "%Y-%m-%d %H:%M %#z",
)
COMPACT = ("%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S", "%Y%m%dT%H%MZ", "%Y%m%dT%H%M", "%Y%m%d %H%M%S", "%Y%m%d %H:%M:%S",
           "%Y%m%d %H:%M", "%Y%m%dT%H%M%S%#z")  # fmt: skip
HALF_DAYS = ("%Y-%m-%d %I:%M %p", "%Y-%m-%d %I:%M:%S %p")
OTHER_TAILS = ("%Y-%m-%d %H.%M", "%Y-%m-%d %H.%M.%S")
DATES_IN_WORDS = ("%d %b %Y", "%b %d %Y", "%d %B %Y", "%B %d %Y", "%d-%b-%Y", "%a %d %b %Y", "%a %b %d %Y",
                  "%A %d %B %Y", "%Y-%b-%d", "%d-%b-%y", "%m %d, %Y")  # fmt: skip
TIMES_OF_DAY = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S %z", " %H:%M:%S %#z")
SAMPLE = 200
HALF_DAY = r"(?i)(\d)\s*([ap])\.?\s?m\.?$"
ZONE = r"(?i)\s*(UTC|GMT)$"
SCIENTIFIC = r"^\d[.,]?(\d*)[Ee]\+?(\d{1,3})$"
UNIX = {"unix": 1.0, "unix_ms": 1e3, "unix_us": 1e6, "unix_ns": 1e9}  # in a second
DAY = 86_400.0
EXCELS_ZERO = -25_569.0  # 30 December 1899, in days since 1970
CALENDAR = (("%Y%m%d", 1e7, 1e8), ("%Y%m%d%H%M", 1e11, 1e12), ("%Y%m%d%H%M%S", 1e13, 1e14))

Reader = Callable[[pl.Series], pl.Series]
Readers = Mapping[str, Reader]


def pattern_reader(pattern: str) -> Reader:
    """Reads text by a strptime pattern; what it does not fit is null."""

    def read(text: pl.Series) -> pl.Series:
        return text.str.to_datetime(pattern, time_unit="us", strict=False).dt.replace_time_zone(None)

    return read


def read_by(readers: Readers, values: pl.Series, hits: Counter[str] | None = None) -> pl.Series:
    """Each way to write a time reads what those before it left; the one that fits most of a sample goes first.

    `hits` counts how many values each of them reads.
    """
    times = pl.Series("time", [None], dtype=TIME).new_from_index(0, len(values))
    left = pl.DataFrame({"value": values}).with_row_index("row").drop_nulls()
    for name in _best_first(readers, left["value"].head(SAMPLE)):
        if left.is_empty():
            break
        tried = left.with_columns(time=readers[name](left["value"]))
        hit = tried.drop_nulls()
        times = hit["time"] if hit.height == len(times) else times.scatter(hit["row"], hit["time"])
        left = tried.filter(pl.col("time").is_null()).select("row", "value")
        if hits is not None:
            hits[name] += hit.height
    return times


def _best_first(readers: Readers, sample: pl.Series) -> list[str]:
    """By how many of the sample each cannot read; none is tried behind one that reads them all."""
    unread: dict[str, int] = {}
    for name, read in readers.items():
        unread[name] = read(sample).null_count()
        if not unread[name]:
            break
    return sorted(readers, key=lambda name: unread.get(name, len(sample) + 1))


def normal_text(text: pl.Series) -> pl.Series:
    """Times as they are, but for the words around them: zones called UTC, slashes behind a year, am and pm."""
    return (
        text.str.replace(ZONE, "")
        .str.replace(HALF_DAY, "$1 ${2}m")
        .str.replace(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})", "$1-$2-$3")
        .str.replace(r"^(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}),?\s+", "$1 ")
    )


def read_words(text: pl.Series) -> pl.Series:
    """Months by their English names: 2 Jun 2026, June 2, 2026 3:07 PM, Tue, 02 Jun 2026 04:00:00 +0200."""
    plain = text.str.replace(ZONE, "").str.replace_all(r",\s*|\s+at\s+", " ").str.replace(HALF_DAY, "$1 ${2}m")
    comma = text.str.contains(r"^\d{1,2} \d{1,2}, \d{4}$")
    plain = text.zip_with(comma, plain)
    return read_by(WORDS, plain)


def from_unix(numbers: pl.Series, unit: str) -> pl.Series:
    """Numbers (Float64) since 1970 in a unit of UNIX; what no datetime can hold is null."""
    return _at_seconds(numbers / UNIX[unit])


def from_days(numbers: pl.Series, zero: float = 0.0) -> pl.Series:
    """Days, whole or not (Float64), since `zero`, which is in days since 1970."""
    return _at_seconds((numbers + zero) * DAY)


def _unix(unit: str) -> Reader:
    return lambda numbers: within(from_unix(numbers, unit), EARLIEST, LATEST)


def _calendar(numbers: pl.Series) -> pl.Series:
    """20260601 is a date, 202606011012 and 20260601101233 are times."""
    times = pl.Series("time", [None], dtype=TIME).new_from_index(0, len(numbers))
    for pattern, least, most in CALENDAR:
        fits = (numbers.is_between(least, most, closed="left") & (numbers == numbers.floor())).fill_null(value=False)
        if fits.any():
            digits = numbers.zip_with(fits, pl.Series([None], dtype=pl.Float64)).cast(pl.Int64).cast(pl.String)
            times = times.zip_with(times.is_not_null(), within(pattern_reader(pattern)(digits), EARLIEST, LATEST))
    return times


def within(times: pl.Series, least: datetime, most: datetime | None = None) -> pl.Series:
    """Times before `least` and after `most` become null."""
    good = (times >= least) & (times <= most) if most is not None else times >= least
    return times if good.all() else times.zip_with(good.fill_null(value=False), pl.Series([None], dtype=TIME))


def _at_seconds(seconds: pl.Series) -> pl.Series:
    possible = (seconds.is_finite() & seconds.is_between(-6e10, 2.5e11)).fill_null(value=False)
    return (seconds.zip_with(possible, pl.Series([None], dtype=pl.Float64)) * 1e6).round().cast(pl.Int64).cast(TIME)


def _not_early(pattern: str) -> Reader:
    read = pattern_reader(pattern)
    return lambda text: within(read(text), EARLIEST)


def _of_text(read: Reader) -> Reader:
    return lambda text: read(text.set(_is_rounded(text), None).cast(pl.Float64, strict=False))


def _is_rounded(text: pl.Series) -> pl.Series:
    """Whether a number is written with fewer digits than the whole of it has: 1.78E+09 is a month of Unix seconds."""
    parts = text.str.extract_groups(SCIENTIFIC).struct
    return (parts[0].str.len_chars().cast(pl.Int64) < parts[1].cast(pl.Int64)).fill_null(value=False)


ISO: Readers = {form: _not_early(form) for form in NAIVE + WITH_OFFSET}
RELATIVES: Readers = {form: _not_early(form) for form in NAIVE + WITH_OFFSET + HALF_DAYS + COMPACT + OTHER_TAILS}
WORDS: Readers = {date + time: _not_early(date + time) for date in DATES_IN_WORDS for time in TIMES_OF_DAY}
NUMBERS: Readers = {
    "Unix seconds": _unix("unix"),
    "Unix milliseconds": _unix("unix_ms"),
    "Unix microseconds": _unix("unix_us"),
    "Unix nanoseconds": _unix("unix_ns"),
    "digits as in 20260601": _calendar,
}
"""Numbers (Float64) by their size: no number from 1990 to 2100 fits two of these."""
TEXTS: Readers = {
    "ISO 8601": lambda text: read_by(ISO, text),
    **{name: _of_text(read) for name, read in NUMBERS.items()},
    "year first": lambda text: read_by(RELATIVES, normal_text(text)),
    "months in words": read_words,
}

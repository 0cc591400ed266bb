"""Times, however a shop writes them, as naive UTC with microseconds."""

from collections.abc import Callable

import polars as pl

TIME = pl.Datetime("us")
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
)
SAMPLE = 200
YEAR_1, YEAR_9999 = -62_135_596_800, 253_402_300_799  # Unix seconds a datetime can hold

Reader = Callable[[pl.Series], pl.Series]


def read_times(values: pl.Series) -> pl.Series:
    """Datetimes, dates, Unix seconds, or text of either, as `Datetime[us]` in UTC; null where it is none of them.

    A time without an offset is taken for UTC. ISO 8601 text may leave out seconds, or the time of day.
    """
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime):
        return (values.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if dtype.time_zone else values).cast(TIME)
    if dtype == pl.Date:
        return values.cast(TIME)
    if dtype.is_numeric():
        return _from_unix(values.cast(pl.Float64))
    return _from_text(values.cast(pl.String).str.strip_chars())


def _from_unix(seconds: pl.Series) -> pl.Series:
    possible = seconds.is_finite() & seconds.is_between(YEAR_1, YEAR_9999)
    return (seconds.zip_with(possible, pl.Series([None], dtype=pl.Float64)) * 1e6).round().cast(pl.Int64).cast(TIME)


def _from_text(text: pl.Series) -> pl.Series:
    """Each way to write a time reads what those before it left; the one that fits most of a sample goes first."""
    sample = text.drop_nulls().head(SAMPLE)
    left = pl.DataFrame({"text": text}).with_row_index("row").drop_nulls()
    times = pl.Series("time", [None], dtype=TIME).new_from_index(0, len(text))
    for read in sorted(READERS, key=lambda read: read(sample).null_count()):
        if left.is_empty():
            break
        tried = left.with_columns(time=read(left["text"]))
        hit = tried.drop_nulls()
        times = hit["time"] if hit.height == len(times) else times.scatter(hit["row"], hit["time"])
        left = tried.filter(pl.col("time").is_null()).select("row", "text")
    return times


def _form(form: str) -> Reader:
    def read(text: pl.Series) -> pl.Series:
        return text.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone(None)

    return read


READERS: tuple[Reader, ...] = (
    *(_form(form) for form in NAIVE + WITH_OFFSET),
    lambda text: _from_unix(text.cast(pl.Float64, strict=False)),
)

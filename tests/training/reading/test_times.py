"""A column of times in every way that shops write them, and what is refused."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.errors import DataError
from training.reading.times import Times

at = datetime.fromisoformat
NOW = at("2026-11-26")
MORNING = at("2026-06-02 04:00")


def read(values: pl.Series | Sequence[object], time_format: str | None = None, batch: int = 3) -> list[datetime | None]:
    """The settled times of a column that is read in batches of `batch`."""
    return settle(values, time_format, batch)[0].to_list()


def settle(
    values: pl.Series | Sequence[object], time_format: str | None = None, batch: int = 3
) -> tuple[pl.Series, Times]:
    column = values if isinstance(values, pl.Series) else pl.Series(values)
    times = Times("orders.csv", time_format, NOW)
    parts = [times.read(column[start : start + batch]) for start in range(0, len(column), batch)]
    return times.settle(pl.concat(parts), lambda row: f"line {row + 2}"), times


def problem(values: Sequence[object], time_format: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read(values, time_format)
    return str(caught.value)


ZONES = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
TIMES = st.datetimes(min_value=at("1990-01-02"), max_value=at("2200-01-01"))


@given(st.lists(TIMES, min_size=1), st.sampled_from(["T", " "]), st.sampled_from(["auto", "seconds", "microseconds"]))
def test_iso_text_without_an_offset_is_utc(times: list[datetime], separator: str, precision: str) -> None:
    whole = [time.replace(microsecond=0) if precision == "seconds" else time for time in times]
    assert read([time.isoformat(separator, precision) for time in times]) == whole


@given(st.lists(st.tuples(TIMES, ZONES), min_size=1))
def test_iso_text_with_an_offset_becomes_utc(times: list[tuple[datetime, timezone]]) -> None:
    aware = [time.replace(tzinfo=zone) for time, zone in times]
    utc = [time.astimezone(UTC).replace(tzinfo=None) for time in aware]
    assert read([time.isoformat() for time in aware]) == utc


@given(st.lists(st.integers(631_152_000, 4_102_444_800), min_size=1), st.sampled_from([1, 1000, 10**6, 10**9]))
def test_unix_time_in_any_unit_as_numbers_or_text(seconds: list[int], unit: int) -> None:
    expected = [at("1970-01-01") + timedelta(seconds=second) for second in seconds]
    whole = [second * unit for second in seconds]
    for column in (whole, [float(number) for number in whole], [str(number) for number in whole]):
        assert read(column) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026/06/02 04:00:00", 0),
        ("2026/6/2 4:00", 0),
        ("2026.06.02 04:00", 0),
        ("2026-06-02 04:00:33 UTC", 33),
        ("2026-06-02 06:00:00 +0200", 0),
        ("2026-06-02 06:00:00.5+02", 0.5),
        ("2026-06-02 04:00 GMT", 0),
        ("20260602T040000Z", 0),
        ("20260602040000", 0),
        ("02.06.2026 04:00", 0),
        ("2.6.2026, 04:00:09", 9),
        ("2 Jun 2026 04:00:00", 0),
        ("Tue, 02 Jun 2026 06:00:00 +0200", 0),
        ("Tue, 02 Jun 2026 04:00:00 GMT", 0),
        ("June 2, 2026 4:00 AM", 0),
        ("Jun 2, 2026, 4:00:09 a.m.", 9),
        ("02-Jun-26 04:00", 0),
    ],
)
def test_a_way_to_write_a_time_that_tells_itself(text: str, seconds: float) -> None:
    assert read([text, text]) == [MORNING + timedelta(seconds=seconds)] * 2


def test_days_alone_are_their_midnight() -> None:
    for text in ("2026-06-01", "20260601", "01.06.2026", "2026/06/01", "06 1, 2026"):
        assert read([text]) == [at("2026-06-01")]
    assert read([20260601, 20260731]) == [at("2026-06-01"), at("2026-07-31")]


def test_one_value_above_12_decides_what_is_day_and_what_is_month() -> None:
    day_first = ["01/06/2026 10:00", "02/06/2026 10:00", None, "x", "05/06/2026 10:00", "03/07/2026", "31/07/2026"]
    expected = [at(f"2026-{day}") for day in ("06-01 10:00", "06-02 10:00")]
    assert read(day_first)[:2] == expected
    assert read(day_first)[-1] == at("2026-07-31")
    assert read(["6/1/2026 3:07 PM", "6/13/2026 12:01 AM"]) == [at("2026-06-01 15:07"), at("2026-06-13 00:01")]


def test_what_fits_both_orders_is_refused_and_can_be_said() -> None:
    both = ["01/06/2026", "02/06/2026", "03/03/2026"]
    said = problem(both)
    assert said.startswith(
        "orders.csv: the column of times: '01/06/2026' and all others fit day first and month first: "
    )
    assert 'say time_format = "day_first" (%d/%m/%Y) or "month_first" (%m/%d/%Y)' in said
    assert read(both, "day_first")[0] == at("2026-06-01")
    assert read(both, "month_first")[0] == at("2026-01-06")
    assert read(["03/03/2026", "04/04/2026"]) == [at("2026-03-03"), at("2026-04-04")]


def test_years_of_two_digits_are_read_where_only_one_order_gives_dates_until_now() -> None:
    assert read(["26-06-01 10:00:00", "26-06-30 10:00:00"]) == [at("2026-06-01 10:00"), at("2026-06-30 10:00")]
    assert read(["01-06-26", "30-06-26"]) == [at("2026-06-01"), at("2026-06-30")]
    assert read(["6/1/99", "6/30/99"]) == [at("1999-06-01"), at("1999-06-30")]
    assert '"day_first" (%d-%m-%y) or "month_first" (%m-%d-%y) or "year_first" (%y-%m-%d)' in problem(["01-02-03"])
    assert read(["01-02-03"], "year_first") == [at("2001-02-03")]


def test_a_format_that_changes_in_the_middle_is_read_all_the_same() -> None:
    column = ["2026-06-02 04:00:00", "18.07.2026 02:00", "1780372800", "2026/06/02 04:00", None, " 2026-06-02T04:00Z "]
    assert read(column) == [MORNING, at("2026-07-18 02:00"), MORNING, MORNING, None, MORNING]
    _, times = settle(column)
    assert set(times.found.split(", ")) == {"ISO 8601", "day first", "Unix seconds", "year first"}


def test_a_few_that_are_none_are_counted_and_the_first_is_named() -> None:
    good = [f"{day:02}.06.2026" for day in range(1, 29)]
    settled, times = settle([*good[:5], "31.02.2026", "", *good, "yesterday"])
    assert settled.null_count() == 3
    assert (times.unread.count, times.unread.first) == (2, (5, "31.02.2026"))


def test_numbers_that_were_rounded_are_no_times() -> None:
    assert read(["1.780372800e+09", "1.780372800E9"]) == [MORNING, MORNING]
    with pytest.raises(DataError, match=r"'1\.78E\+09' is no time \(line 2\); .* rounded the numbers"):
        read(["1.78E+09", "1.78037E+12"])


def test_a_column_that_mixes_day_first_and_month_first_is_refused() -> None:
    dates = [f"{day:02}/04/2026" for day in range(1, 31)]
    with pytest.raises(DataError, match=r"most dates fit day first, but 1 of 33 month first alone, as '04/13/2026'"):
        read(["31/04/2026", *dates, "04/13/2026", "04/05/2026"])
    assert read([*dates, "04/13/2026"], "day_first")[-1] is None
    assert read([*dates, "31/04/2026"])[-1] is None


def test_many_that_are_none_are_refused() -> None:
    said = problem(["2026-06-01"] * 7 + ["soon"] * 2)
    assert "2 of 9 times cannot be read, more than 20%: 'soon' is no time (line 9)" in said
    assert "the others were taken for ISO 8601" in said


@pytest.mark.parametrize("numbers", [[46174.4, 46235.0], ["46174.4", "46235"]])
def test_excels_days_are_refused_and_can_be_said(numbers: list[object]) -> None:
    said = problem(numbers)
    assert "the numbers from 46174.4 to 46235 are neither Unix time nor dates such as 20260601" in said
    assert 'if they are Excel\'s days (46174.4 is 2026-06-01) say data.time_format = "excel"' in said
    assert read(numbers, "excel") == [at("2026-06-01 09:36"), at("2026-08-01")]


def test_day_numbers_are_refused_and_can_be_said() -> None:
    assert "the numbers from 1 to 711 are neither" in problem([1, 2, 711])
    assert 'say data.time_format = "days"' in problem(["1", "711"])
    assert read([1, 711], "days") == [at("1970-01-02"), at("1971-12-13")]


def test_what_is_before_1990_is_no_time_unless_the_format_is_said() -> None:
    assert "before 1990 nothing is a time" in problem(["1970-01-01 00:00:01", "1989-12-31"])
    assert problem([1, 2])
    assert problem([date(1970, 1, 1)])
    assert problem([at("0026-06-01")])
    assert read(["1970-01-01"], "%Y-%m-%d") == [at("1970-01-01")]


def test_many_rows_within_an_hour_are_refused() -> None:
    said = problem([1_780_000_000 + second for second in range(100)])
    assert "all 100 rows lie within an hour" in said
    assert "were taken for Unix seconds" in said
    assert read([1_780_000_000] * 99)


@pytest.mark.parametrize(
    ("time_format", "value"),
    [
        ("unix", 1780372800),
        ("unix", "1780372800"),
        ("unix_ms", 1780372800000),
        ("unix_us", "1780372800000000"),
        ("unix_ns", 1780372800000000000),
        ("%Y%m%d%H%M", 202606020400),
        ("%Y%m%d%H%M", "202606020400"),
        ("%Hh%M, %d.%m.%y", "04h00, 02.06.26"),
        ("%Y-%m-%d %H:%M %z", "2026-06-02 06:00 +0200"),
    ],
)
def test_a_format_that_is_said_is_all_that_is_read(time_format: str, value: object) -> None:
    assert read([value], time_format) == [MORNING]
    assert "'2026' is no time (line 2)" in problem(["2026"], "%d.%m.%Y")


def test_datetimes_and_dates_become_utc() -> None:
    aware = pl.Series([at("2024-03-01 10:00")]).dt.replace_time_zone("America/New_York")
    assert read(aware) == [at("2024-03-01 15:00")]
    assert read(pl.Series([date(2024, 3, 1)])) == [at("2024-03-01")]
    assert read(pl.Series([at("2024-03-01 10:00")], dtype=pl.Datetime("ns"))) == [at("2024-03-01 10:00")]

"""Prices and quantities, however people and programs write them."""

import math

import polars as pl
import pytest

from training.config import MISSING
from training.errors import DataError
from training.reading.decimal_mark import Mark
from training.reading.numbers import Numbers


def numbers(
    texts: list[str | None], decimal: Mark | None = None, *, people: bool = True, batch: int = 2
) -> tuple[list[float | None], Numbers]:
    """What is read of a column in batches, NaN as the text "NaN"."""
    column = Numbers("orders.csv", "price", decimal, people=people, missing=MISSING)
    series = pl.Series(texts, dtype=pl.String)
    read = pl.concat([column.read(series[start : start + batch]) for start in range(0, len(series), batch)])
    late = column.settle(lambda row: f"line {row + 2}")
    return (read if late is None else read.scatter(late["row"], late["number"])).to_list(), column


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1,299.00", "14.50", "3"], [1299.0, 14.5, 3.0]),
        (["$1,299.00", "$14.50", "US$ 3"], [1299.0, 14.5, 3.0]),
        (["15.00 EUR", "EUR 2.5", "€3", "3 €"], [15.0, 2.5, 3.0, 3.0]),
        (["1.299,00", "14,50", "3", "1.299"], [1299.0, 14.5, 3.0, 1299.0]),
        (["1.299", "14,50"], [1299.0, 14.5]),
        (["14,50", "12", "1.299"], [14.5, 12.0, 1299.0]),
        (["1 299,00 €", "1\u202f299,00\u00a0€", "14,5"], [1299.0, 1299.0, 14.5]),
        (["1'299.00", "CHF 12.50", "1’000'000.00"], [1299.0, 12.5, 1e6]),
        (["1,299", "14.5"], [1299.0, 14.5]),
        (["1.299.000", "1.299"], [1299000.0, 1299.0]),
        (["15,-", "1.299,-"], [15.0, 1299.0]),
        (["-5.00", "(5.00)", "5.00-", "-$5.00", "$-5.00"], [-5.0] * 5),
        (["0.125", "1.250", "12.5", "7"], [0.125, 1.25, 12.5, 7.0]),
        (["1.000", "2.000", "0.500"], [1.0, 2.0, 0.5]),
        (["1.2995", "2.0000"], [1.2995, 2.0]),
        (["1e3", "1.5E+02", "inf"], [1000.0, 150.0, float("inf")]),
        (["", "NULL", "nan", None, " 7 "], [None, None, None, None, 7.0]),
    ],
)
def test_prices_by_the_rule_over_the_whole_column(texts: list[str | None], values: list[float | None]) -> None:
    assert numbers(texts)[0] == values


@pytest.mark.parametrize("texts", [["1.299", "899"], ["1,299", "899"], ["1,299", "2,450"]])
def test_what_may_be_read_in_two_ways_is_refused(texts: list[str | None]) -> None:
    with pytest.raises(DataError, match=r"orders\.csv: '1.299' \(line 2\) may be read in two ways.*say decimal = "):
        numbers(texts)


def test_the_configured_mark_goes_before_what_would_be_found() -> None:
    assert numbers(["1.299", "899"], ".")[0] == [1.299, 899.0]
    assert numbers(["1.299", "899"], ",")[0] == [1299.0, 899.0]
    assert numbers(["1,299", "899"], ".")[0] == [1299.0, 899.0]
    assert numbers(["1,299", "899"], ",")[0] == [1.299, 899.0]


def test_programs_write_a_decimal_point() -> None:
    assert numbers(["1.299", "899"], people=False)[0] == [1.299, 899.0]


def test_the_mark_is_named_where_it_is_no_point() -> None:
    assert numbers(["14,50"])[1].found == "price: the decimal mark is ,"
    assert numbers(["14.50"])[1].found is None


def test_what_is_no_number_is_counted_with_an_example() -> None:
    values, column = numbers(["14.50", "3", "call us", "12,34,5.00", "5-10", "7", "8", "9"])
    assert [value is not None and value == value for value in values] == [True, True, False, False, False] + [True] * 3  # noqa: PLR0124
    assert column.odd is not None
    assert (column.odd.count, column.odd.row, column.odd.text) == (3, 2, "call us")


@pytest.mark.parametrize("text", ["3K", "1.5k", "1.5 M", "2 Mio.", "1e"])
def test_a_letter_for_thousands_or_millions_is_no_currency(text: str) -> None:
    values, column = numbers(["14.50", text, "7"])
    assert values[1] is not None and math.isnan(values[1])
    assert column.odd is not None


def test_a_column_of_no_numbers_is_refused() -> None:
    with pytest.raises(DataError, match=r"2 of 3 values of the column of price are no numbers: 'red' \(line 2\)"):
        numbers(["red", "blue", "7"])


def test_numbers_of_the_sources_own_type_stay_and_nan_is_unknown() -> None:
    column = Numbers("a.parquet", "price", None, people=False, missing=MISSING)
    assert column.read(pl.Series([1.299, float("nan"), None])).to_list() == [1.299, None, None]
    assert column.read(pl.Series([7, None])).to_list() == [7.0, None]
    assert column.settle(str) is None

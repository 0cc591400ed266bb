"""Ids as a shop means them, whatever a spreadsheet or a data frame made of them."""

from collections.abc import Sequence

import polars as pl
import pytest

from training.config import MISSING
from training.errors import DataError
from training.reading.columns import text
from training.reading.ids import Ids, settle_ids


def settled(ids: Sequence[str | None], role: str = "item", words: tuple[str, ...] = MISSING) -> Ids:
    return settle_ids(text(pl.Series("id", ids, pl.String)), role, words, lambda row: f"line {row + 2}")


def test_blanks_around_are_no_part_of_an_id() -> None:
    assert settled(["0019      ", "\t7", " \u00a07 ", "  ", None]).ids.to_list() == ["0019", "7", "7", None, None]


def test_marks_of_no_width_are_blanks_too() -> None:
    assert settled(["\u200b7\ufeff", "\u200e \u2060"]).ids.to_list() == ["7", None]


@pytest.mark.parametrize("word", ["Guest Checkout", "Invité", "00000000-0000-0000-0000-000000000000"])
def test_guests_of_many_shops_are_nobody(word: str) -> None:
    assert settled([word, "7"], "user").ids.to_list() == [None, "7"]


def test_a_user_with_a_tenth_of_all_rows_in_a_shop_of_many_is_counted_without_a_name() -> None:
    users = [str(user) for user in range(1, 91)]
    assert settled([*users, *["Kiosk"] * 9], "user").notes == ()
    assert settled([*users, *["Kiosk"] * 10], "user").notes == (
        "user: 10 of 100 rows are one user's, who may be a word for guests (clean.missing): line 92",
    )
    assert settled([*users, *["Kiosk"] * 10], "item").notes == ()


def test_a_whole_number_with_a_point_is_the_number() -> None:
    found = settled(["17850.0", "17850", "0105", "A.0", None])
    assert found.ids.to_list() == ["17850", "17850", "0105", "A.0", None]
    assert found.notes == ("item: 1 of 5 rows are whole numbers with a point, which is left out: '17850.0' (line 2)",)


def test_a_databases_decimals_are_no_part_of_a_whole_number() -> None:
    assert settled(["17850.00", "101.000", "7"]).ids.to_list() == ["17850", "101", "7"]
    assert settled(["1.00", "1.10"]).ids.to_list() == ["1.00", "1.10"]


def test_a_float_of_many_digits_keeps_them() -> None:
    floats = pl.Series([4006381333931.0, 4e16, 1.5, float("nan"), None, 1e300])
    assert text(floats).to_list() == ["4006381333931", "40000000000000000", "1.5", "NaN", None, "1e+300"]


def test_a_formula_that_keeps_leading_zeros_is_its_text() -> None:
    assert settled(['="0105"', '=""', "0106"]).ids.to_list() == ["0105", None, "0106"]


def test_numbers_that_are_not_whole_are_ids_as_they_are() -> None:
    ids = ["1.0", "1.1", "1.10", "2.0"]
    assert settled(ids).ids.to_list() == ids
    assert settled(ids).notes == ()


@pytest.mark.parametrize(
    "word", ["NULL", "null", r"\N", "NaN", "nan", "None", "N/A", "#N/A", "undefined", "<NA>", "NaT", "-"]
)
def test_words_for_nothing_are_nobody_and_no_item(word: str) -> None:
    for role in ("user", "basket", "item"):
        found = settled([f" {word} ", "7"], role)
        assert found.ids.to_list() == [None, "7"]
        assert found.first == (0, word)


def test_nobodys_number_may_be_an_items() -> None:
    assert settled(["0", "0.0", "-1", "Guest", "UNKNOWN", "7"], "user").ids.to_list() == [None] * 5 + ["7"]
    assert settled(["0", "guest"], "item").ids.to_list() == ["0", "guest"]
    note = "user: 1 of 2 rows are guests' by a word for nothing: '0' (line 2)"
    assert settled(["0", "7"], "user").notes == (note,)


def test_the_words_can_be_set() -> None:
    assert settled(["0", "WALK-IN", "NULL"], "user", ("Walk-In",)).ids.to_list() == ["0", None, "NULL"]
    assert settled(["0", "NULL"], "user", ()).ids.to_list() == ["0", "NULL"]


def test_an_id_that_a_spreadsheet_rounded_is_none() -> None:
    for rounded in ("4,71E+12", "4.71e+12", "4E+12"):
        assert settled([rounded, "0105", "7"]).ids.to_list() == [None, "0105", "7"]
    found = settled(["4.71E+12", "1e5", "E+1", "0105"])
    assert found.ids.to_list() == [None, "1e5", "E+1", "0105"]
    assert found.notes == (
        "item: 1 of 4 rows have no item, as a spreadsheet rounded the id (export the column as text): "
        "'4.71E+12' (line 2)",
    )
    with pytest.raises(DataError, match=r"most items' ids were rounded by a spreadsheet: '4\.71E\+12' \(line 2\)"):
        settled(["4.71E+12", "4.71E+12", "0105"])


def test_no_users_id_is_written_down() -> None:
    assert settled(["17850.0"], "user").notes == (
        "user: 1 of 1 rows are whole numbers with a point, which is left out: line 2",
    )

"""The small inputs of shops, where they lie beside the checkout: each is read right or refused by its line."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from tests.support.paths import CASES
from training.config import Config, Data
from training.errors import DataError
from training.interactions.read_rows import ReadRows, read_rows

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no cases in {CASES}")

at = datetime.fromisoformat
FIRST, LAST = at("2026-06-02 04:00"), at("2026-08-03 17:00")
CLICKS = ("order_id", "time", "item_id", "price")
USUAL: Mapping[str, str] = {}
RATINGS = ("user_id", "item_id", "rating", "time")


def read(case: str, columns: Mapping[str, str] = USUAL, /, **layout: object) -> ReadRows:
    file = str(CASES / case)
    data = Data.model_validate({"source": file, **layout})
    config = Config.model_validate({"data": data, "columns": columns})
    return read_rows(config, file, progress=False)


def problem(case: str, **layout: object) -> str:
    with pytest.raises(DataError) as caught:
        read(case, USUAL, **layout)
    return str(caught.value)


@pytest.mark.parametrize(
    ("case", "first", "last"),
    [
        ("08-yyyymmdd/orders.csv", "2026-06-02", "2026-08-03"),
        ("10-two-digit-year/orders.csv", "2026-06-02 04:00", "2026-08-03 17:00"),
        ("10-two-digit-year/dmy.csv", "2026-06-02", "2026-08-03"),
        ("12-odd-times/ampm.csv", "2026-06-02 04:00", "2026-08-03 17:00"),
        ("12-odd-times/colonoffset.csv", "2026-06-02 02:00", "2026-08-03 15:00"),
        ("12-odd-times/compact.csv", "2026-06-02 04:00", "2026-08-03 17:00"),
        ("12-odd-times/mixed.csv", "2026-06-02 04:00", "2026-08-03 17:00"),
        ("12-odd-times/slashes.csv", "2026-06-02 04:00", "2026-08-03 17:00"),
        ("12-odd-times/spaceoffset.csv", "2026-06-02 02:00", "2026-08-03 15:00"),
    ],
)
def test_times(case: str, first: str, last: str) -> None:
    times = read(case).rows["time"]
    assert (len(times), times.null_count(), times.min(), times.max()) == (160, 0, at(first), at(last))


def test_dates_with_the_month_first() -> None:
    times = read("05-tafeng/tafeng.csv", {"time": "TRANSACTION_DT"}).rows["time"]
    assert (times.min(), times.max(), times.null_count()) == (at("2026-06-02"), at("2026-08-03"), 0)


def test_notes_over_several_lines() -> None:
    columns = {"user": "Email", "item": "Lineitem sku", "time": "Created at", "basket": "Name"}
    rows = read("01-shopify-orders/orders_export.csv", columns).rows
    assert (rows.height, rows["item_id"].n_unique(), rows["time"].min()) == (160, 8, at("2026-06-02 02:00"))


@pytest.mark.parametrize("ending", ["csv", "dat"])
def test_no_header(ending: str) -> None:
    said = problem(f"23-no-header/clicks.{ending}", format="csv")
    assert "line 1: looks like data, not like names of columns" in said
    rows = read(f"23-no-header/clicks.{ending}", {"user": "order_id"}, format="csv", header=False,
                names=CLICKS).rows  # fmt: skip
    assert (rows.height, rows["item_id"][0], rows["time"].min()) == (160, "0105", FIRST)
    assert 'say separator = "::"' in problem(f"23-no-header/ratings.{ending}", format="csv")
    layout = {"format": "csv", "separator": "::", "header": False, "names": RATINGS}
    rows = read(f"23-no-header/ratings.{ending}", USUAL, **layout).rows
    assert (rows.height, rows["user_id"][0], rows["time"].min()) == (160, "0019", FIRST)


@pytest.mark.parametrize("name", ["pipes.csv", "tabs.csv", "tabs.txt"])
def test_separators(name: str) -> None:
    rows = read(f"23-no-header/{name}", format="csv").rows
    assert (rows.height, rows["user_id"].n_unique(), rows["title"].n_unique()) == (160, 20, 8)


@pytest.mark.parametrize("name", ["reviews.json", "reviews.jsonl", "array.ndjson"])
def test_json(name: str) -> None:
    mapped = {"user": "reviewerID", "item": "asin", "time": "unixReviewTime"}
    rows = read(f"24-json/{name}", {} if name.startswith("array") else mapped).rows
    assert (rows.height, rows["user_id"].n_unique(), rows["item_id"][0], rows["time"].max()) == (160, 20, "0105", LAST)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("cr", "Kaffeebohnen"),
        ("inch", '5" pipe'),
        ("nul", "ab"),
        ("nulid", "Kaffeebohnen"),
        ("quoted_inch", '5" pipe\nwith a break'),
        ("trailing", "Kaffeebohnen"),
        ("trailing_all", "Kaffeebohnen"),
    ],
)
def test_dirty_csv(name: str, title: str) -> None:
    rows = read(f"30-dirty-csv/{name}.csv").rows
    assert (rows.height, rows["title"][0], rows["time"].max()) == (160, title, LAST)
    assert rows["user_id"].sort()[0] == "0000"


def test_short_and_blank_lines() -> None:
    reading = read("30-dirty-csv/ragged.csv")
    assert reading.rows.height == 161
    notes = [line.partition(": ")[2] for line in reading.found[-2:]]
    assert notes == ["blank lines, skipped: 2", "lines with too few fields, the rest read as blank: 1 (line 162)"]


@pytest.mark.parametrize("name", ["one", "two", "three", "mid_one", "mid_two", "mid_four", "backslash"])
def test_inch_marks_that_are_read(name: str) -> None:
    rows = read(f"72-inch-marks/{name}.csv").rows
    assert (rows.height, rows["item_id"].n_unique(), rows["time"].max()) == (160, 8, LAST)
    assert rows["title"].cast(str)[50] == '5" pipe'
    assert rows["title"].cast(str)[49:52].to_list().count('5" pipe') == 1


@pytest.mark.parametrize("name", ["q_one", "q_two", "qmid_one", "qmid_two", "end_two", "endmid_two", "start_two"])
def test_inch_marks_that_are_refused(name: str) -> None:
    assert f"{name}.csv, line 52: a quoted field is not closed or goes on after its quote" in problem(
        f"72-inch-marks/{name}.csv"
    )


def test_quotes_that_are_not_doubled_in_every_line() -> None:
    assert "bad_inch.csv, line 2: a quoted field" in problem("30-dirty-csv/bad_inch.csv")


def test_one_moment() -> None:
    assert "all 300 rows lie within an hour" in problem("33-tiny-shops/one_time.csv")

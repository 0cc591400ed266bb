"""Files of every kind, by path, directory and glob; what is wrong with one is named with its line."""

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.config import Columns, Config, Data, load_config
from training.errors import DataError
from training.interactions.interactions import Interactions, read_interactions
from training.interactions.products import usual_price
from training.reading import files
from training.reading.sources import open_tables
from training.reading.times import read_times

at = datetime.fromisoformat
ROWS = pl.DataFrame(
    {
        "user_id": ["007", "007", "8", None],
        "item_id": ["0042", "43", "0042", "1e5"],
        "time": ["2024-03-01T10:00:00", "2024-03-02T10:00:00", "2024-03-03T10:00:00", "2024-03-04T10:00:00"],
        "order_id": ["1", "2", "03", "4"],
        "qty": ["1", "2.5", None, "1"],
        "note": ["a, b", 'say "hi"', "two\nlines", None],
    }
)


def read(source: Path | str, config: Config | None = None) -> Interactions:
    config = config or Config()
    return read_interactions(config.model_copy(update={"data": Data(source=str(source))}), progress=False)


def write(frame: pl.DataFrame, file: Path) -> Path:
    writers: dict[str, Callable[[Path], None]] = {
        ".csv": frame.write_csv,
        ".parquet": frame.write_parquet,
        ".ndjson": frame.write_ndjson,
    }
    writers[file.suffix](file)
    return file


def problem(source: Path | str, config: Config | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read(source, config)
    return str(caught.value)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".ndjson"])
def test_the_same_rows_in_any_format_are_the_same_interactions(tmp_path: Path, ending: str) -> None:
    interactions = read(write(ROWS, tmp_path / f"orders{ending}"))
    assert interactions.frame.select("user_id", "item_id", "time", "basket_id", "quantity").rows() == [
        ("007", "0042", at("2024-03-01 10:00"), "1", 1.0),
        ("007", "43", at("2024-03-02 10:00"), "2", 2.5),
        ("8", "0042", at("2024-03-03 10:00"), "03", 1.0),
        (None, "1e5", at("2024-03-04 10:00"), "4", 1.0),
    ]
    assert interactions.fingerprint == read(write(ROWS, tmp_path / "other.csv")).fingerprint
    assert interactions.frame["weight"].unique().to_list() == [1.0]


def test_columns_are_found_whatever_their_case_and_punctuation(tmp_path: Path) -> None:
    names = {"user_id": "CustomerID", "item_id": "Stock Code", "time": "InvoiceDate", "order_id": "Invoice No"}
    assert read(write(ROWS.rename(names), tmp_path / "orders.csv")).frame["basket_id"].to_list() == [
        "1",
        "2",
        "03",
        "4",
    ]


def test_user_item_and_time_are_enough(tmp_path: Path) -> None:
    frame = read(write(ROWS.select("user_id", "item_id", "time"), tmp_path / "orders.csv")).frame
    assert frame.height == 3
    assert frame["basket_id"].n_unique() == 3
    assert frame["price"].null_count() == 3


def test_an_empty_name_turns_a_column_off(tmp_path: Path) -> None:
    file = write(ROWS, tmp_path / "orders.csv")
    assert read(file, Config(columns=Columns(quantity=""))).frame["quantity"].to_list() == [1.0] * 4


def test_numbers_of_a_parquet_file_become_ids_without_a_point(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": [17850.0, None], "item": [85123, 7], "time": [1.7e9, 1.7e9]})
    assert read(write(frame, tmp_path / "orders.parquet")).frame.row(0)[:2] == ("17850", "85123")


def test_ndjson_ids_of_several_types_stay_what_they_say(tmp_path: Path) -> None:
    file = tmp_path / "orders.ndjson"
    file.write_text(
        '{"user_id": 7, "item_id": "007", "time": 1700000000}\n'
        '{"user_id": "A", "item_id": 8, "time": "2024-01-01", "price": 2.5}\n'
    )
    assert read(file).frame.select("user_id", "item_id", "price").rows() == [("7", "007", None), ("A", "8", 2.5)]


def test_compressed_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv.gz"
    file.write_bytes(gzip.compress(ROWS.write_csv().encode()))
    assert read(file).frame.height == 4


def test_a_directory_holds_its_data_files_and_may_hold_others(tmp_path: Path) -> None:
    (tmp_path / "2024").mkdir()
    write(ROWS[:2], tmp_path / "a.csv")
    write(ROWS[2:].select(reversed(ROWS.columns)), tmp_path / "2024" / "b.csv")
    write(ROWS[:0].with_columns(user_id=pl.lit("x")), tmp_path / "c.parquet")
    (tmp_path / "README.txt").write_text("not data")
    (tmp_path / "_SUCCESS.csv").write_text("")
    (tmp_path / ".hidden.csv").write_text("")
    assert read(tmp_path).frame["item_id"].to_list() == ["0042", "43", "0042", "1e5"]


def test_a_glob_reads_what_matches(tmp_path: Path) -> None:
    for day in range(3):
        write(ROWS[day : day + 1], tmp_path / f"day{day}.csv")
    assert read(tmp_path / "day[12].csv").frame["item_id"].to_list() == ["43", "0042"]


def test_only_the_asked_columns_are_read_and_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BATCH_ROWS", 1000)
    write(pl.DataFrame({"a": range(2500), "b": "x"}), tmp_path / "big.parquet")
    (table,) = open_tables(str(tmp_path / "big.parquet"))
    batches = list(table.read(["a"]))
    assert table.columns == ("a", "b")
    assert max(batch.height for batch in batches) <= 1000
    assert pl.concat(batches)["a"].to_list() == list(range(2500))


def test_a_catalogue_of_its_own_goes_before_the_rows(tmp_path: Path) -> None:
    rows = ROWS.with_columns(title=pl.Series(["Pen", "Cup", "Pencil", None]), price=pl.Series(["1", "2", "3", None]))
    catalogue = pl.DataFrame(
        {"item_id": ["0042", "1e5", "99"], "title": ["Fountain pen", None, "Lamp"], "in_stock": [None, "0", "12"]}
    )
    source, own = write(rows, tmp_path / "orders.csv"), write(catalogue, tmp_path / "items.csv")
    config = Config(data=Data(source=str(source), catalogue=str(own)))
    products = read_interactions(config, progress=False).catalogue
    assert products.select("item_id", "title", "price", "available").rows() == [
        ("0042", "Fountain pen", 1.0, True),
        ("1e5", None, None, False),
        ("43", "Cup", 2.0, False),
        ("99", "Lamp", None, True),
    ]


def test_the_catalogue_of_the_rows_has_the_usual_title_and_price(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "user_id": ["1", "2", "3", "4", "5"],
            "item_id": ["A", "A", "A", "B", "A"],
            "time": [1, 5, 2, 4, 3],
            "title": ["Pen", "Pen, blue", "Pen", None, "Pen"],
            "price": [1.0, 24.96, 12.75, None, 12.75],
        }
    )
    products = read(write(rows, tmp_path / "orders.parquet")).catalogue
    assert products.select("item_id", "title", "price", "available").rows() == [
        ("A", "Pen", 12.75, True),
        ("B", None, None, True),
    ]


@pytest.mark.parametrize(
    ("prices", "usual"),
    [
        ([9.0] * 50 + [4.0] * 11, 4.0),
        ([9.0] * 50 + [4.0] * 9, 9.0),
        ([4.0, 9.0, None], 4.0),
        ([None, 4.0, 9.0, 1.0], 4.0),
        ([None], None),
    ],
    ids=["a new price", "not yet", "two", "three", "none"],
)
def test_a_price_is_usual_once_most_of_the_latest_sales_were_at_it(
    prices: list[float | None], usual: float | None
) -> None:
    assert pl.DataFrame({"price": prices}, {"price": pl.Float64}).select(usual_price()).item() == usual


def test_a_column_may_be_in_the_catalogue_only_but_must_be_somewhere(tmp_path: Path) -> None:
    source = write(ROWS, tmp_path / "orders.csv")
    own = write(pl.DataFrame({"item_id": ["43"], "label": ["Cup"]}), tmp_path / "items.csv")
    data = Data(source=str(source), catalogue=str(own))
    products = read_interactions(Config(data=data, columns=Columns(title="label")), progress=False).catalogue
    assert products.filter(item_id="43")["title"].item() == "Cup"
    with pytest.raises(DataError, match=r"items\.csv: .*\n.*no column 'lable' .*did you mean 'label'"):
        read_interactions(Config(data=data, columns=Columns(title="lable")), progress=False)


def test_malformed_csv_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    good = ROWS.write_csv()  # five lines of text and a line break inside a field: the next line is 7
    file.write_text(good + "9,1,2024-01-01,5,1,x,extra\n")
    assert problem(file) == f"{file}, line 7: 7 fields where the header names 6"
    file.write_text(good + '9,"1,2024-01-01,5,1,x\n' + "1,2,2024-01-01,5,1,x\n" * 9)
    assert f"{file}, line 7: a quoted field" in problem(file)
    file.write_bytes(good.encode() + "9,café,2024-01-01,5,1,x\n".encode("latin-1"))
    assert f"{file}, line 7: no UTF-8 (byte 0xe9)" in problem(file)


@pytest.mark.parametrize("line", ['{"user_id": "1", "item_id"', "garbage", "[1, 2]"])
def test_malformed_ndjson_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "orders.ndjson"
    file.write_text(ROWS.write_ndjson() + f"{line}\n")
    assert f"{file}, line 5: no JSON" in problem(file)


def test_other_broken_files_are_named(tmp_path: Path) -> None:
    parquet, empty, cut = tmp_path / "a.parquet", tmp_path / "b.csv", tmp_path / "c.csv.gz"
    parquet.write_bytes(b"PAR1 no more")
    empty.write_bytes(b"")
    cut.write_bytes(gzip.compress(ROWS.write_csv().encode() * 999)[:-30])
    assert f"{parquet}: no readable Parquet file" in problem(parquet)
    assert problem(empty) == f"{empty}: the file is empty"
    assert f"{cut}: cannot be read" in problem(cut)


def test_damage_in_the_middle_of_a_parquet_file_is_named(tmp_path: Path) -> None:
    file = write(pl.concat([ROWS] * 5000), tmp_path / "orders.parquet")
    damaged = bytearray(file.read_bytes())
    damaged[8:400] = b"\xff" * 392
    file.write_bytes(damaged)
    assert f"{file}: " in problem(file)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    assert problem(tmp_path / "none.csv") == f"{tmp_path}/none.csv: no such file"
    assert problem(tmp_path / "*.csv") == f"{tmp_path}/*.csv: no file matches"
    assert "no CSV, Parquet or NDJSON file in this directory" in problem(tmp_path)
    (tmp_path / "orders.xlsx").write_bytes(b"")
    assert "of no known format" in problem(tmp_path / "orders.xlsx")
    with pytest.raises(DataError, match="no data"):
        read_interactions(Config(), progress=False)


def test_unmapped_columns_are_all_named_with_those_there_are(tmp_path: Path) -> None:
    file = write(ROWS.rename({"time": "when"}), tmp_path / "orders.csv")
    said = problem(file, Config(columns=Columns(user="userid", price="cost")))
    assert f"{file}: unmapped columns" in said
    assert "no column 'userid' (columns.user); did you mean 'user_id'?" in said
    assert "no column 'cost' (columns.price)" in said
    assert "no time column: name it as columns.time" in said
    assert "the columns are user_id, item_id, when, order_id, qty, note" in said


def test_no_usable_rows_say_why(tmp_path: Path) -> None:
    file = write(ROWS.with_columns(time=pl.lit("01/03/2024 10:00")), tmp_path / "orders.csv")
    said = problem(file)
    assert said.startswith(f"{file}: no usable rows")
    assert "bad time: 4" in said
    assert f"{file}: column 'time': '01/03/2024 10:00' is no time" in said
    said = problem(write(ROWS.with_columns(event=pl.lit("transaction")), file))
    assert "event without a weight: 4" in said
    assert "those read are transaction" in said
    file.write_text("user_id,item_id,time\n")
    assert f"{file}: no usable rows" in problem(file)


def test_the_configuration_file_maps_the_columns(tmp_path: Path) -> None:
    file = write(ROWS.rename({"user_id": "who"}), tmp_path / "orders.csv")
    (tmp_path / "shop.toml").write_text('[columns]\nuser = "who"\n')
    config = load_config(tmp_path / "shop.toml", str(file))
    assert read_interactions(config, progress=False).frame["user_id"].null_count() == 1


ZONES = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
TIMES = st.datetimes(min_value=at("1970-01-02"), max_value=at("2200-01-01"))


@given(st.lists(TIMES, min_size=1), st.sampled_from(["T", " "]), st.sampled_from(["auto", "seconds", "microseconds"]))
def test_iso_text_without_an_offset_is_utc(times: list[datetime], separator: str, precision: str) -> None:
    text = pl.Series([time.isoformat(separator, precision) for time in times])
    whole = [time.replace(microsecond=0) if precision == "seconds" else time for time in times]
    assert read_times(text).to_list() == whole


@given(st.lists(st.tuples(TIMES, ZONES), min_size=1))
def test_iso_text_with_an_offset_becomes_utc(times: list[tuple[datetime, timezone]]) -> None:
    aware = [time.replace(tzinfo=zone) for time, zone in times]
    utc = [time.astimezone(UTC).replace(tzinfo=None) for time in aware]
    assert read_times(pl.Series([time.isoformat() for time in aware])).to_list() == utc


@given(st.lists(st.integers(0, 2**33), min_size=1))
def test_unix_seconds_as_numbers_or_text(seconds: list[int]) -> None:
    expected = [at("1970-01-01") + timedelta(seconds=second) for second in seconds]
    for column in (seconds, [float(second) for second in seconds], [str(second) for second in seconds]):
        assert read_times(pl.Series(column)).to_list() == expected


def test_times_of_many_kinds_in_one_column() -> None:
    text = ["2024-02-29", "2024-03-01 10:00", "2024-03-01T10:00Z", "2024-03-01T10:00:00Z", "2024-03-01 12:00:00+0200",
            " 1709287200.5 ", "2024-02-30", "yesterday", "nan", "1e300", "", None]  # fmt: skip
    ten = at("2024-03-01 10:00")
    assert read_times(pl.Series(text)).to_list() == [
        at("2024-02-29"), ten, ten, ten, ten, ten + timedelta(seconds=0.5), *[None] * 6,
    ]  # fmt: skip


def test_datetimes_and_dates_become_utc() -> None:
    aware = pl.Series([at("2024-03-01 10:00")]).dt.replace_time_zone("America/New_York")
    assert read_times(aware).to_list() == [at("2024-03-01 15:00")]
    assert read_times(pl.Series([date(2024, 3, 1)])).to_list() == [at("2024-03-01")]
    assert read_times(pl.Series([at("2024-03-01 10:00")], dtype=pl.Datetime("ns"))).to_list() == [
        at("2024-03-01 10:00")
    ]


IDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(str.strip)


@settings(max_examples=25)
@given(st.lists(IDS, min_size=1))
def test_ids_of_any_characters_survive_every_format(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    frame = pl.DataFrame({"user_id": ids, "item_id": ids, "time": range(len(ids))})
    folder = tmp_path_factory.mktemp("ids")
    for ending in ("csv", "parquet", "ndjson"):
        kept = read(write(frame, folder / f"orders.{ending}")).frame
        assert kept.select("user_id", "item_id").rows() == [(name, name) for name in ids]

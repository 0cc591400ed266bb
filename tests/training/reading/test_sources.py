"""Files of every kind, by path, directory and glob; what is wrong with one is named with its line."""

import gzip
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.config import Clean, Columns, Config, Data, Layout, load_config
from training.errors import DataError
from training.interactions.interactions import Interactions, read_interactions
from training.interactions.products import usual_price
from training.reading import parquet_files
from training.reading.blanks import trimmed
from training.reading.sources import open_tables

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


def test_an_existing_path_is_that_path_and_only_another_one_is_a_pattern(tmp_path: Path) -> None:
    for ending in (".csv", ".parquet", ".ndjson"):
        write(ROWS[:1], tmp_path / f"orders2{ending}")
        named = write(ROWS[1:2], tmp_path / f"orders[2026]{ending}")
        assert read(named).frame["item_id"].to_list() == ["43"]
    folder = tmp_path / "days[12]"
    folder.mkdir()
    (tmp_path / "days1").mkdir()
    write(ROWS[:1], tmp_path / "days1" / "day.csv")
    write(ROWS[1:2], folder / "day?.csv")
    assert read(folder).frame["item_id"].to_list() == ["43"]


def test_a_file_url_is_a_file_here(tmp_path: Path) -> None:
    rows = ROWS.with_columns(title=pl.lit("x"))
    source = write(rows, tmp_path / "the orders #1.csv")
    own = write(pl.DataFrame({"item_id": ["43", "0042"], "title": ["Cup", None]}), tmp_path / "items.csv")
    data = Data(source=f"file://{tmp_path}/the%20orders #1.csv", catalogue=own.as_uri())
    interactions = read_interactions(Config(data=data), progress=False)
    assert interactions.frame.height == read(source).frame.height == 4
    assert interactions.catalogue.filter(item_id="43")["title"].item() == "Cup"
    assert read(f"file://localhost{tmp_path}/the orders *").frame.height == 4
    assert "names a file on this machine" in problem("file://elsewhere/orders.csv")


def test_an_empty_day_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    write(ROWS, tmp_path / "day1.csv")
    (tmp_path / "day2.csv").write_bytes(b"")
    (tmp_path / "day3.csv").write_text("user_id,item_id,time\n")
    (tmp_path / "day4.csv").write_text("\ufeff \n\n")
    interactions = read(tmp_path)
    assert interactions.frame.height == 4
    assert {f"{tmp_path}/day2.csv: empty", f"{tmp_path}/day3.csv: no rows", f"{tmp_path}/day4.csv: empty"} <= set(
        interactions.found
    )
    (tmp_path / "day1.csv").write_bytes(b"")
    (tmp_path / "day3.csv").unlink()
    assert problem(tmp_path) == f"{tmp_path}: all files are empty"


def test_a_name_that_is_no_utf8_is_an_error(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"orders\xff.csv")).write_text("user_id,item_id,time\n")
    assert "orders\\udcff.csv': the file's name is no UTF-8: rename it" in problem(tmp_path)


def test_a_format_makes_files_of_any_name_readable(tmp_path: Path) -> None:
    for name in ("part-00000", "orders.txt"):
        ROWS.write_csv(tmp_path / name, separator="\t")
    for source in (tmp_path, tmp_path / "part-00000", tmp_path / "orders.txt"):
        data = Data(source=str(source), format="csv")
        assert read_interactions(Config(data=data), progress=False).frame.height == 4


def test_a_glob_reads_what_matches(tmp_path: Path) -> None:
    for day in range(3):
        write(ROWS[day : day + 1], tmp_path / f"day{day}.csv")
    assert read(tmp_path / "day[12].csv").frame["item_id"].to_list() == ["43", "0042"]


def test_only_the_asked_columns_are_read_and_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "BATCH_ROWS", 1000)
    write(pl.DataFrame({"a": range(2500), "b": "x"}), tmp_path / "big.parquet")
    (table,) = open_tables(str(tmp_path / "big.parquet"), None, Layout())
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
            "time": [1_780_000_000 + second for second in (1, 5, 2, 4, 3)],
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
    own = write(pl.DataFrame({"item_id": ["43", "0042"], "label": ["Cup", None]}), tmp_path / "items.csv")
    data = Data(source=str(source), catalogue=str(own))
    products = read_interactions(Config(data=data, columns=Columns(title="label")), progress=False).catalogue
    assert products.filter(item_id="43")["title"].item() == "Cup"
    with pytest.raises(DataError, match=r"items\.csv: .*\n.*no column 'lable' .*did you mean 'label'"):
        read_interactions(Config(data=data, columns=Columns(title="lable")), progress=False)


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
    assert "no data file in this directory (ending in .parquet, .pq, .csv, .tsv, " in problem(tmp_path)
    (tmp_path / "orders.txt").write_bytes(b"")
    assert "of no known format" in problem(tmp_path / "orders.txt")
    assert "say format (parquet, csv, json, excel)" in problem(tmp_path / "orders.txt")
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
    file = write(ROWS.with_columns(event=pl.lit("transaction")), tmp_path / "orders.csv")
    said = problem(file)
    assert said.startswith(f"{file}: no usable rows")
    assert "event without a weight: 4" in said
    assert "those read are transaction" in said
    later = [f"{year}-03-01" for year in range(2990, 2996)] + ["soon"]
    frame = pl.DataFrame({"user_id": "u", "item_id": "i", "time": later})
    said = problem(write(frame, file))
    assert "bad time: 7" in said
    assert f"no times: 1, the first 'soon' ({file}, line 8)" in said
    file.write_text("user_id,item_id,time\n")
    assert f"{file}: no usable rows" in problem(file)


def test_the_configuration_file_maps_the_columns(tmp_path: Path) -> None:
    file = write(ROWS.rename({"user_id": "who"}), tmp_path / "orders.csv")
    (tmp_path / "shop.toml").write_text('[columns]\nuser = "who"\n')
    config = load_config(tmp_path / "shop.toml", str(file))
    assert read_interactions(config, progress=False).frame["user_id"].null_count() == 1


def stays(name: str) -> bool:
    """Whether an id is as it is meant: neither blank nor with blanks around nor a whole number with a point."""
    return bool(name) and trimmed(pl.Series([name]))[0] == name and not re.fullmatch(r"\d+\.0", name)


IDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(stays)


@settings(max_examples=25)
@given(st.lists(IDS, min_size=1))
def test_ids_of_any_characters_survive_every_format(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    frame = pl.DataFrame({"user_id": ids, "item_id": ids, "time": range(1_780_000_000, 1_780_000_000 + len(ids))})
    folder = tmp_path_factory.mktemp("ids")
    for ending in ("csv", "parquet", "ndjson"):
        data = Data(source=str(write(frame, folder / f"orders.{ending}")))
        kept = read_interactions(Config(data=data, clean=Clean(missing=())), progress=False).frame
        assert kept.select("user_id", "item_id").rows() == [(name, name) for name in ids]

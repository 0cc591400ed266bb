"""CSV files of which each line is a record, read by Polars; blank, short and long lines."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.reading.files import found_in, lines_of, problem, read_file, settings
from training.errors import DataError
from training.reading import csv_files, csv_simple, text_files


@pytest.fixture(autouse=True)
def only_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file here needs the reader of records."""
    monkeypatch.setattr(csv_files, "survey_records", None)


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "a.csv"
    file.write_text(text, newline="")
    return file


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_are_skipped_and_counted(tmp_path: Path, end: str) -> None:
    file = write(tmp_path, end.join(["", "a,b", "1,2", "", "3,4", "  ", "", "5,6", "", ""]))
    assert read_file(file).rows() == [("1", "2"), ("3", "4"), ("5", "6")]
    assert found_in(file).notes == ("blank lines, skipped: 4",)
    assert lines_of(file) == ["line 3", "line 5", "line 8"]


def test_a_line_with_nothing_between_its_separators_is_a_row(tmp_path: Path) -> None:
    assert read_file(write(tmp_path, "a,b\n,\n1,\n")).rows() == [(None, None), ("1", None)]


def test_quotes_that_are_doubled_are_read(tmp_path: Path) -> None:
    file = write(tmp_path, '"a","b"\n"5"" pipe, long","x"\n"",""""\ny,"z"\n')
    assert read_file(file).rows() == [('5" pipe, long', "x"), ("", '"'), ("y", "z")]


def test_short_lines_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, "a,b,c\n1,2\n1,2,3\n4\n\n")
    assert read_file(file).rows() == [("1", "2", None), ("1", "2", "3"), ("4", None, None)]
    assert "lines with too few fields, the rest read as blank: 2 (line 2)" in found_in(file).notes


def test_many_short_lines_are_another_kind_of_file(tmp_path: Path) -> None:
    file = write(tmp_path, "a,b,c\n" + "1,2,3\n" * 20 + "4\n" * 11)
    assert ", line 22: 11 of 31 lines have fewer fields than the 3 that the header names" in problem(file)


def test_a_long_line_is_an_error_unless_what_is_too_much_is_blank(tmp_path: Path) -> None:
    file = write(tmp_path, "a,b\n1,2,\n3,4\n5,6,  ,\n")
    assert read_file(file).rows() == [("1", "2"), ("3", "4"), ("5", "6")]
    file = write(tmp_path, 'a,b\n1,2,\n\n"5,",6,7\n')
    assert problem(file) == ", line 4: 3 fields where the header names 2"


def test_a_comma_at_the_end_of_every_line_names_no_column(tmp_path: Path) -> None:
    file = write(tmp_path, "a,b,\n1,2,\n3,4,\n5,6\n")
    assert read_file(file).to_dict(as_series=False) == {"a": ["1", "3", "5"], "b": ["2", "4", "6"]}
    assert found_in(file).notes == ()


def test_zero_bytes_are_left_out_and_counted(tmp_path: Path) -> None:
    file = write(tmp_path, "a,b\n1,2\n00\x0019,x\x00\n")
    assert read_file(file).rows() == [("1", "2"), ("0019", "x")]
    assert found_in(file).notes == ("lines with zero bytes, read without: 1 (line 3)",)


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    file = write(tmp_path, "a,b\n1,2\n")
    with csv_files.open_csv(str(file), str(file), settings()) as table:
        file.write_text("a,b\n1,2\n3,4\n")
        with pytest.raises(DataError, match="2 records read of 1"):
            list(table.read(["a"]))


FIELDS = st.text(st.characters(codec="utf-8", exclude_characters='\n\r\0",'), max_size=5)


@given(st.lists(st.tuples(FIELDS, FIELDS), min_size=1), st.sampled_from(["\n", "\r\n"]))
def test_batches_hold_every_row_once(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str
) -> None:
    file = tmp_path_factory.mktemp("csv") / "a.csv"
    file.write_text(end.join(["one,two", *(",".join(row) for row in rows)]) + end, newline="", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "BATCH_LINES", 2)
        patch.setattr(csv_simple, "BATCH_LINES", 2)
        read = read_file(file).select(pl.all().fill_null(""))
    assert read.rows() == rows

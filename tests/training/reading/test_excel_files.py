"""Excel workbooks as a shop saves them."""

import sys
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from tests.training.reading.files import found_in, lines_of, problem, read_file

at = datetime.fromisoformat


def write(file: Path, rows: list[list[object]], first_row: int = 0, sheets: int = 1) -> Path:
    with xlsxwriter.Workbook(file, {"default_date_format": "dd.mm.yyyy hh:mm"}) as book:
        sheet = book.add_worksheet("Orders")
        for number, row in enumerate(rows):
            sheet.write_row(first_row + number, 0, row)
        for _ in range(sheets - 1):
            book.add_worksheet()
    return file


ROWS: list[list[object]] = [
    ["user", " item ", "time", "price"],
    [17850, "0042", at("2026-06-01 10:12:33"), 14.5],
    ["00123", 4.5, at("2026-06-02"), 8],
    [],
    [123456789012345, "x", "2026-06-03", 0.1],
]


def test_values_are_text_as_excel_shows_them(tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", ROWS, sheets=2)
    assert read_file(file).to_dict(as_series=False) == {
        "user": ["17850", "00123", "123456789012345"],
        "item": ["0042", "4.5", "x"],
        "time": ["2026-06-01 10:12:33", "2026-06-02 00:00:00", "2026-06-03"],
        "price": ["14.5", "8", "0.1"],
    }
    assert found_in(file).notes == ("the first of 2 sheets: Orders", "blank rows, skipped: 1")
    assert lines_of(file) == ["row 2", "row 3", "row 5"]


def test_rows_have_the_numbers_that_excel_shows(tmp_path: Path) -> None:
    assert lines_of(write(tmp_path / "a.xlsx", ROWS, first_row=3)) == ["row 5", "row 6", "row 8"]


def test_a_sheet_may_have_no_header(tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", [["u1", "i1", at("2026-06-01")]])
    assert "line 1: looks like data, not like names of columns ('2026-06-01 00:00:00')" in problem(file)
    layout = {"header": False, "names": ["user", "item", "time"]}
    assert read_file(file, **layout).rows() == [("u1", "i1", "2026-06-01 00:00:00")]


def test_what_is_no_workbook_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(b"PK no more")
    assert problem(file).startswith(": no readable Excel workbook: ")
    assert problem(write(file, [])) == ": the file is empty"


def test_without_the_library_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    assert problem(write(tmp_path / "a.xlsx", ROWS)) == (
        ": Excel workbooks need one more library: pip install 'aisle[excel]'"
    )

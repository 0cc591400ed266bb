"""Parquet files whose columns hold what no row of a shop is."""

from datetime import time, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.training.reading.files import found_in, problem, read_file


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[1], [2]], "List(Int64)"),
        ([{"x": 1}, {"x": 2}], "Struct({'x': Int64})"),
        ([timedelta(1), timedelta(2)], "Duration(time_unit='us')"),
        ([time(1), time(2)], "Time"),
    ],
)
def test_a_column_of_no_plain_values_is_named_with_its_type(tmp_path: Path, values: list[object], dtype: str) -> None:
    file = tmp_path / "a.parquet"
    pl.DataFrame({"ok": [1, 2], "odd": values}).write_parquet(file)
    assert problem(file) == f": column 'odd' holds {dtype}: a column needs one plain value in each row"


def test_bytes_are_text_or_an_error(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pl.DataFrame({"id": ["ü".encode(), b"007"]}).write_parquet(file)
    assert read_file(file)["id"].to_list() == ["ü", "007"]
    pl.DataFrame({"id": [b"\xff\xfe", b"007"]}).write_parquet(file)
    assert problem(file) == ": column 'id' holds bytes (Binary) that are no text"


def test_a_file_without_rows_says_so(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pl.DataFrame({"id": ["1"]}).clear().write_parquet(file)
    assert found_in(file).notes == ("no rows",)

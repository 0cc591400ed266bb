"""CSV files with quotes inside fields and fields over several lines: read right, or an error that names the line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.reading.files import found_in, lines_of, problem, read_file
from training.reading import csv_records

GOOD = [f"{number},2026-06-0{number},Tea" for number in range(1, 9)]
HEAD = "order,time,title"


def write(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "a.csv"
    file.write_text("\n".join([HEAD, *lines]) + "\n")
    return file


def titles(file: Path) -> list[str]:
    return read_file(file)["title"].to_list()


@pytest.mark.parametrize("title", ['5" pipe', 'pipe 5"', 'a 5" and a 6" pipe', '5"" pipe'])
def test_a_quote_inside_a_field_that_is_not_quoted_is_a_letter(tmp_path: Path, title: str) -> None:
    file = write(tmp_path, *GOOD[:3], f"9,2026-06-09,{title}", *GOOD[3:])
    assert titles(file) == ["Tea"] * 3 + [title] + ["Tea"] * 5
    assert read_file(file)["order"].to_list() == ["1", "2", "3", "9", "4", "5", "6", "7", "8"]


@pytest.mark.parametrize("times", [1, 2, 4])
@pytest.mark.parametrize("field", ['"5" pipe"', '"pipe 5""', '"Deluxe" pipe', '"5 pipe', '"'])
@pytest.mark.parametrize("place", ["middle", "end"])
def test_a_quote_that_is_not_doubled_is_an_error_that_names_its_line(
    tmp_path: Path, times: int, field: str, place: str
) -> None:
    file = tmp_path / "a.csv"
    head, good = ("order,title,time", "1,Tea,2026-06-01") if place == "middle" else (HEAD, GOOD[0])
    odd = f"9,{field},2026-06-09" if place == "middle" else f"9,2026-06-09,{field}"
    file.write_text("\n".join([head, *[good] * 5, *[odd, good, good] * times]) + "\n")
    assert ", line 7: a quoted field is not closed or goes on after its quote" in problem(file)


def test_quotes_escaped_by_a_backslash_are_read_where_the_file_writes_them_so(tmp_path: Path) -> None:
    file = write(
        tmp_path, GOOD[0], r'9,2026-06-09,"5\" pipe"', r'9,2026-06-09,"pipe 5\""', r'9,2026-06-09,"a\\"', *GOOD
    )
    assert titles(file)[:4] == ["Tea", '5" pipe', 'pipe 5"', r"a\\"]
    assert len(titles(file)) == 12
    assert found_in(file).notes == ('quotes are written \\"',)


def test_a_backslash_at_a_fields_end_escapes_nothing_in_other_files(tmp_path: Path) -> None:
    file = write(tmp_path, r'9,2026-06-09,"C:\"', '9,2026-06-09,"two\nlines"', *GOOD)
    assert titles(file)[:3] == ["C:\\", "two\nlines", "Tea"]


def test_fields_over_several_lines_are_read_and_lines_told(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD[0], '9,2026-06-09,"ring\ntwice, please"', "", GOOD[1], '3,2026-06-09,"a\n\nb"', GOOD[2])
    assert titles(file) == ["Tea", "ring\ntwice, please", "Tea", "a\n\nb", "Tea"]
    assert lines_of(file) == ["line 2", "line 3", "line 6", "line 7", "line 10"]
    assert found_in(file).notes == ("blank lines, skipped: 1",)


def test_a_quoted_field_that_would_hold_records_is_an_error(tmp_path: Path) -> None:
    file = write(tmp_path, *GOOD, '9,2026-06-09,"pipe', *GOOD[:2], 'end"', *GOOD)
    assert ", line 10: a quoted field is not closed" in problem(file)
    assert "it would go on over 4 lines, some of them records" in problem(file)


def test_short_and_long_records_are_as_in_other_files(tmp_path: Path) -> None:
    file = write(tmp_path, '1,2026-06-01,"a\nb"', "2", '3,2026-06-03,5" pipe,,')
    assert titles(file) == ["a\nb", None, '5" pipe']
    assert found_in(file).notes == ("lines with too few fields, the rest read as blank: 1 (line 4)",)
    assert problem(write(tmp_path, '1,2026-06-01,"a\nb"', *GOOD, "1,2,3,4")) == (
        ", line 12: 4 fields where the header names 3"
    )


TEXTS = st.text(st.sampled_from('ab",\n\r\\ü 1'), max_size=6)


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=8))
def test_what_is_well_formed_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str, str]]
) -> None:
    file = tmp_path_factory.mktemp("csv") / "a.csv"
    lines = [",".join('"' + field.replace('"', '""') + '"' for field in ("x7", *row)) for row in rows]
    file.write_text("\n".join(["n,a,b,c,d", "7,1,2,3,4", *lines]) + "\n", newline="", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "BATCH_RECORDS", 2)
        read = read_file(file)
    # The end of a line is one whatever it was, in a field as well.
    assert [row[1:] for row in read.rows()[1:]] == [tuple(field.replace("\r\n", "\n") for field in row) for row in rows]

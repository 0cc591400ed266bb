"""Separators and headers, found and said."""

from pathlib import Path

import pytest

from tests.training.reading.files import found_in, problem, read_file

HEADER = ("user", "item", "time", "title")
ROWS = [("007", "0042", "2026-06-01", "Tea"), ("8", "43", "2026-06-02", "Cup")]


def write(file: Path, separator: str, header: bool = True) -> Path:
    lines = [separator.join(row) for row in ([HEADER, *ROWS] if header else ROWS)]
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_a_usual_separator_is_found_whatever_the_ending(tmp_path: Path, separator: str, ending: str) -> None:
    file = write(tmp_path / f"orders{ending}", separator)
    assert read_file(file).columns == list(HEADER)
    assert read_file(file).rows() == ROWS
    assert found_in(file).separator == separator


@pytest.mark.parametrize("separator", ["::", " ", "^", "§", "||", "\x01"])
def test_any_text_can_be_said_to_separate(tmp_path: Path, separator: str) -> None:
    assert read_file(write(tmp_path / "a.csv", separator), separator=separator).rows() == ROWS


def test_the_separator_is_the_one_by_which_lines_have_as_many_fields_as_the_header(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('item;"price, net";title\n1;2,50;Tea, green\n2;3,50;Cup\n')
    assert read_file(file).rows() == [("1", "2,50", "Tea, green"), ("2", "3,50", "Cup")]
    assert read_file(file).columns == ["item", "price, net", "title"]


def test_lines_that_end_in_different_ways_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"user,item\r1,2\r3,4\r\n5,6\n")
    assert "some lines end in a carriage return alone" in problem(file)


def test_excels_own_hint_is_no_header(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("sep=;\na;b,c\n1;2\n")
    assert read_file(file).to_dict(as_series=False) == {"a": ["1"], "b,c": ["2"]}


def test_without_a_header_the_columns_are_named(tmp_path: Path) -> None:
    for separator in (",", "::"):
        file = write(tmp_path / "a.csv", separator, header=False)
        layout = {"header": False, "names": list(HEADER), "separator": separator}
        assert read_file(file, **layout).rows() == ROWS
        assert read_file(file, **layout).columns == list(HEADER)
    file = write(tmp_path / "a.csv", ",", header=False)
    assert "line 1: 4 fields, separated by ',', where data.names has 2" in problem(file, header=False, names=["a", "b"])
    assert not found_in(file, header=False, names=list(HEADER)).header


@pytest.mark.parametrize(
    ("first", "example"),
    [
        ("5000,2026-06-02T04:00:00.000Z,0105,0", "2026-06-02T04:00:00.000Z"),
        ("u1,A,02.06.2026 10:00", "02.06.2026 10:00"),
        ("19,0105,5,1780372800", "19"),
    ],
)
def test_data_in_the_first_line_is_an_error_that_says_so(tmp_path: Path, first: str, example: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"\n{first}\n{first}\n")
    said = problem(file)
    assert f"line 2: looks like data, not like names of columns ({example!r})" in said
    assert f'say header = false and names = ["…", …], one for each of the {first.count(",") + 1} columns' in said


def test_two_colons_are_named_where_no_separator_is_found(tmp_path: Path) -> None:
    file = write(tmp_path / "ratings.csv", "::", header=False)
    assert "line 1: no separator found in '007::0042::2026-06-01::Tea': say separator = \"::\"" in problem(file)


def test_names_lose_their_blanks_and_the_byte_order_mark_and_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('\ufeff"user", item ,2024,,item\n1,2,3,4,5\n')
    assert read_file(file).to_dict(as_series=False) == {
        "user": ["1"], "item": ["2"], "2024": ["3"], "item_duplicated_0": ["5"],
    }  # fmt: skip


def test_a_quoted_name_may_go_over_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('"the\nuser",item\n1,2\n')
    assert read_file(file).to_dict(as_series=False) == {"the\nuser": ["1"], "item": ["2"]}

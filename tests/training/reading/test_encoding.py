"""Text in the encodings that shops' programs write."""

import codecs
import gzip
from pathlib import Path

import pytest

from tests.training.reading.files import found_in, problem, read_file
from training.reading.encoding import find_text_kind

TEXT = "user;title\n0019;Grüner Tee\n0020;Crème – 5 €\n"
ROWS = [("0019", "Grüner Tee"), ("0020", "Crème – 5 €")]


def write(file: Path, content: bytes) -> Path:
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    return file


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-32"), "utf-32"),
        (TEXT.encode("windows-1252"), "windows-1252"),
        (TEXT.replace("\n", "\r").encode("windows-1252"), "windows-1252"),
        (TEXT.replace("\n", "\r\n").encode("utf-16"), "utf-16"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, content: bytes, encoding: str, ending: str) -> None:
    file = write(tmp_path / f"a{ending}", content)
    assert read_file(file).rows() == ROWS
    assert read_file(file).columns == ["user", "title"]
    assert found_in(file).encoding == encoding


def test_bytes_that_windows_has_no_letter_for_are_latin_1(tmp_path: Path) -> None:
    assert find_text_kind(str(write(tmp_path / "a", b"a\xe9\x81"))).encoding == "latin-1"


def test_an_encoding_can_be_said(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "user;title\n1;Чай\n".encode("windows-1251"))
    assert read_file(file, encoding="cp1251").rows() == [("1", "Чай")]
    assert read_file(file).rows() == [("1", "×àé")]
    assert "at or after line 1: cannot be read as utf-16" in problem(file, encoding="utf-16")


def test_a_file_that_is_utf8_but_for_a_line_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", TEXT.encode() + b"0021;caf\xe9\n")
    assert (
        problem(file)
        == ", line 4: no UTF-8 (byte 0xe9), though 2 other lines are; convert the file to UTF-8, or say encoding"
    )


def test_the_last_bytes_of_a_file_may_be_half_a_letter(tmp_path: Path) -> None:
    assert find_text_kind(str(write(tmp_path / "a", "aü".encode()[:-1]))).encoding == "windows-1252"


def test_json_may_have_a_mark(tmp_path: Path) -> None:
    for text in ('{"a": "ü"}\n{"a": 2}\n', '[{"a": "ü"}, {"a": 2}]'):
        for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "windows-1252"):
            file = write(tmp_path / "a.json", text.encode(encoding))
            assert read_file(file)["a"].to_list() == ["ü", "2"]

"""JSON files: an object a line, or one array."""

from pathlib import Path

import pytest

from tests.training.reading.files import found_in, lines_of, problem, read_file, settings
from training.reading.sources import open_tables

ENDINGS = [".json", ".ndjson", ".jsonl"]


def write(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_object_a_line_or_an_array_under_any_ending(tmp_path: Path, ending: str) -> None:
    objects = ['{"id": 12345678901234567890123, "b": "007"}', '{"id": "x", "c": 1.5}', '{"id": null,\n "b": true}']
    expected = {"id": ["12345678901234567890123", "x", None], "b": ["007", None, "true"], "c": [None, "1.5", None]}
    lines = write(tmp_path / f"lines{ending}", "\n\n".join(one.replace("\n", "") for one in objects))
    array = write(tmp_path / f"array{ending}", "[\n " + ",\n".join(objects) + "\n]\n")
    assert read_file(lines).to_dict(as_series=False) == expected
    assert read_file(array).to_dict(as_series=False) == expected
    assert found_in(lines).format == "JSON, an object a line"
    assert found_in(array).format == "JSON, one array"
    assert lines_of(lines) == ["line 1", "line 3", "line 5"]
    assert lines_of(array) == ["object 1", "object 2", "object 3"]


def test_a_file_with_letters_of_a_pattern_in_its_name_is_that_file(tmp_path: Path) -> None:
    write(tmp_path / "a1.json", '{"a": 1}')
    assert read_file(write(tmp_path / "a[1]*.json", '{"a": 2}'))["a"].to_list() == ["2"]


@pytest.mark.parametrize(("value", "kind"), [('["A", "B"]', "a list"), ('{"de": "Tee"}', "an object")])
def test_a_nested_value_is_an_error_that_names_its_column_and_line(tmp_path: Path, value: str, kind: str) -> None:
    file = write(tmp_path / "a.json", f'{{"a": 1, "b": "[x] y"}}\n\n{{"a": 2, "b": {value}}}\n')
    assert f", line 3: 'b' holds {kind}, {value}" in problem(file)
    assert f", object 1: 'b' holds {kind}, {value}" in problem(write(file, f'[{{"b": {value}}}]'))


def test_a_text_that_looks_nested_is_a_text(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", '{"a": "[1, 2]"}\n{"a": "[Sale] Tea"}\n')
    assert read_file(file)["a"].to_list() == ["[1, 2]", "[Sale] Tea"]


@pytest.mark.parametrize("line", ['{"a": "1", "b"', "garbage", "[1, 2]", '{"a": 1} {"a": 2}', '{"a": NaN}'])
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    file = write(tmp_path / "a.ndjson", '{"a": 1}\n{"a": 2}\n' + line + "\n")
    assert ", line 3: no JSON" in problem(file)


def test_one_object_over_many_lines_is_an_error_that_says_what_is_read(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", '{\n "orders": [\n {"a": 1}\n]}\n')
    assert ", line 1: no JSON" in problem(file)
    assert "a JSON file holds an object on each line, or one array of objects" in problem(file)


def test_an_array_of_nothing_is_empty(tmp_path: Path) -> None:
    write(tmp_path / "a.json", "[ ]\n")
    write(tmp_path / "b.json", '[{"a": 1}]')
    tables = open_tables(str(tmp_path), None, settings())
    assert [table.found.notes for table in tables] == [("empty",), ()]


def test_objects_without_keys_are_an_error(tmp_path: Path) -> None:
    assert "no JSON object has a key" in problem(write(tmp_path / "a.json", "{}\n{}\n"))

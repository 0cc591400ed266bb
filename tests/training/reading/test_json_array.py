"""One array of objects as a file with an object a line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.errors import DataError
from training.reading import json_array
from training.reading.json_array import array_as_lines
from training.reading.text_files import TextFile


def lines(file: Path, text: str) -> list[str]:
    file.write_text(text)
    with array_as_lines(TextFile(str(file), "a.json", "utf-8")) as copy:
        return list(copy.lines())


VALUES = st.one_of(st.integers(), st.text(st.characters(codec="utf-8")), st.none(), st.booleans())
OBJECTS = st.lists(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), VALUES, max_size=3), max_size=6)


@given(OBJECTS, st.sampled_from([None, 0, 2]), st.sampled_from([1, 7, 1 << 20]))
def test_every_object_is_there_however_it_is_written(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, object]], indent: int | None, chunk: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "CHUNK", chunk)
        written = lines(tmp_path_factory.mktemp("json") / "a.json", json.dumps(objects, indent=indent))
    assert [json.loads(line) for line in written] == objects


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    assert lines(tmp_path / "a.json", '[{"a": 1.10,\n"b": 12345678901234567890}]') == [
        '{"a": 1.10, "b": 12345678901234567890}'
    ]
    assert lines(tmp_path / "a.json", f'[{{"a": {"1" * 5000}}}]') == [f'{{"a": {"1" * 5000}}}']


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[{"a": 1}, 2]', "object 2: no JSON object: 2"),
        ('[{"a": 1}, {"a"', "object 2: no JSON: "),
        ('[{"a": 1}, {"a": 2}', "object 2: no comma or end of the array behind it"),
        ('[{"a": 1} {"a": 2}]', "object 1: no comma or end of the array behind it"),
        ('[{"a": 1}]\n[{"a": 2}]', "object 1: something follows the array"),
    ],
)
def test_what_is_no_array_of_objects_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DataError, match=f"^a.json, {problem}"):
        lines(tmp_path / "a.json", text)

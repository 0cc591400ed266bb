from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from artifacts.model.arrays import open_arrays, save_arrays
from artifacts.model.ids import UNKNOWN, IdTable, TextColumn, encode_ids, encode_texts

# Any text but surrogates, which UTF-8 has no bytes for.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
id_sets = st.sets(texts, max_size=40)
ODD = ["", " ", "\x00", "\x00\x00", "a\nb", "é", "e\u0301", "ﬀ", "日本", "🛒", "\uffff", "\U0010ffff", "00123", "123"]


def ordered(ids: set[str]) -> list[str]:
    return sorted(ids, key=str.encode)


@given(st.lists(st.none() | texts, max_size=40))
@example([])
@example([None])
@example(ODD)
def test_texts_come_back_as_they_were_and_none_as_empty(column: list[str | None]) -> None:
    packed = encode_texts(column)
    assert [packed[index] for index in range(len(packed))] == [text or "" for text in column]


@given(id_sets, st.lists(texts, max_size=20))
@example(set(ODD), ["12", "1234", "\x00\x00\x00", "e", "日", "本"])
@example(set(), ["", "a"])
def test_find_agrees_with_a_dict(ids: set[str], others: list[str]) -> None:
    table = encode_ids(ordered(ids))
    expected = {text: index for index, text in enumerate(ordered(ids))}
    for text in [*ids, *others]:
        assert table.find(text) == expected.get(text, UNKNOWN)


def test_what_utf8_cannot_hold_is_unknown() -> None:
    assert encode_ids(ordered(set(ODD))).find("\udcff") == UNKNOWN


@given(id_sets)
def test_ids_are_in_the_order_of_their_utf8_bytes(ids: set[str]) -> None:
    """Which is not Python's order of strings compared as UTF-16, and is the order that Polars sorts by."""
    table = encode_ids(ordered(ids))
    encoded = [table.encoded(index) for index in range(len(table))]
    assert encoded == sorted(text.encode() for text in ids)


@pytest.mark.parametrize("ids", [["b", "a"], ["a", "a"], ["", "a", "a b", "a"], ["é", "e"]])
def test_ids_out_of_order_or_twice_are_refused(ids: list[str]) -> None:
    with pytest.raises(ValueError, match="not distinct and ascending"):
        encode_ids(ids)


@pytest.mark.parametrize("ids", [[], [""], ordered(set(ODD)), [f"{number:06}" for number in range(5_000)]])
def test_a_saved_table_opens_by_memory_map(tmp_path: Path, ids: list[str]) -> None:
    save_arrays(tmp_path, "items", encode_ids(ids))
    table = open_arrays(tmp_path, "items", IdTable)
    assert isinstance(table, IdTable)
    assert [table[index] for index in range(len(table))] == ids
    assert [table.find(text) for text in ids] == list(range(len(ids)))
    assert table.find("nowhere") == UNKNOWN
    assert isinstance(table.offsets.base, np.memmap)


def test_saved_texts_keep_their_order_and_repetitions(tmp_path: Path) -> None:
    column = ["Beans", None, "Beans", "", "Crème"]
    save_arrays(tmp_path, "titles", encode_texts(column))
    opened = open_arrays(tmp_path, "titles", TextColumn)
    assert [opened[index] for index in range(len(opened))] == ["Beans", "", "Beans", "", "Crème"]

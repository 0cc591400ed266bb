"""The walk's eyes: what they take for the same, and what they do not."""

import json
from typing import Any

import pytest

from tests.support.shown import WIDTH, differences, output_of, page_of, pretty

SHOWN: dict[str, Any] = {
    "request_id": "aaaaaaaa…",
    "items": [{"item_id": "I1", "title": "One", "score": 1.0, "source": "als"}],
    "missing_ids": ["gone"],
    "fallback": None,
}


def answer(**changes: Any) -> dict[str, Any]:
    pick = {"item_id": "I1", "title": "One", "category": "C", "score": 1.04, "source": "als"}
    whole = {"request_id": "b" * 32, "items": [pick], "missing_ids": ["gone"], "fallback": None, "degraded": ["live"]}
    return {**whole, **changes}


def test_the_same_answer_is_the_same() -> None:
    assert list(differences(SHOWN, answer())) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"items": [{"item_id": "I2", "title": "One", "score": 1.0, "source": "als"}]}, "item_id: 'I2'"),
        ({"items": [{"item_id": "I1", "title": "One", "score": 1.0, "source": "popular"}]}, "source: 'popular'"),
        ({"items": [{"item_id": "I1", "title": "One", "score": 1.2, "source": "als"}]}, "score: 1.2"),
        ({"items": [{"item_id": "I1", "score": 1.0, "source": "als"}]}, "has no title"),
        ({"items": 2 * answer()["items"]}, "items: 2 instead of 1"),
        ({"items": []}, "items: 0 instead of 1"),
        ({"missing_ids": []}, "missing_ids: 0 instead of 1"),
        ({"fallback": "unknown_user"}, "fallback: 'unknown_user'"),
    ],
)
def test_another_answer_is_not(changes: dict[str, Any], said: str) -> None:
    (found,) = differences(SHOWN, answer(**changes))
    assert said in found


def test_of_a_long_list_a_part_may_be_shown() -> None:
    rows = [{"reason": "read", "rows": 9}, {"reason": "bad", "rows": 1}, {"reason": "kept", "rows": 8}]
    assert list(differences({"cleaning": rows[::2]}, {"cleaning": rows})) == []
    assert list(differences({"cleaning": [{"reason": "kept", "rows": 7}]}, {"cleaning": rows}))
    assert list(differences({"cleaning": [{"reason": "lost", "rows": 0}]}, {"cleaning": rows}))


def test_a_page_shows_the_answer_cut_and_within_the_margin() -> None:
    shown = page_of(json.dumps(SHOWN), json.dumps(answer(fallback="unknown_user")))
    assert json.loads(shown) == {
        "request_id": "bbbbbbbb…",
        "items": [{"item_id": "I1", "title": "One", "score": 1.04, "source": "als"}],
        "missing_ids": ["gone"],
        "fallback": "unknown_user",
    }
    long = {"request_id": "x", "items": [{"item_id": str(item), "title": "t" * 70} for item in range(3)]}
    assert json.loads(pretty(long)) == long
    assert all(len(line) <= WIDTH for line in pretty(long).splitlines())


def test_outputs_are_the_same_but_for_numbers() -> None:
    shown = "kept 7\n…\npublished 20261122T015311Z-7036822d in versions\n"
    got = "read 9\nkept  1,007\nmodel\npublished 20261126T083657Z-7fc625de in versions\n"
    text, missing = output_of(shown, got)
    assert missing == []
    assert text == "kept  1,007\n…\npublished 20261126T083657Z-7fc625de in versions\n"
    assert output_of("kept 7\nlost 1\n", got)[1] == ["lost 1"]

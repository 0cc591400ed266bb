"""What a JSON text holds at least, told without reading it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.shared_limits import MAX_ID_CHARACTERS
from service.http.json_parts import has_more_parts
from service.limits import (
    MAX_BATCH_USERS,
    MAX_CATEGORIES,
    MAX_EVENTS,
    MAX_EXCLUDED_IN_BODY,
    MAX_RANKED_ITEMS,
)
from service.live.schemas import EventBody, Events
from service.recommendations.schemas import BatchRecommendations, Rank

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def parts(value: object) -> int:
    """Of the text of a value."""
    if isinstance(value, str):
        return 1
    if isinstance(value, dict):
        return sum(parts(inner) + 1 for inner in value.values()) + max(len(value), 1)
    if isinstance(value, list):
        return sum(map(parts, value)) + max(len(value), 1)
    return 0


@given(VALUES, st.booleans())
def test_parts_are_counted_whatever_texts_hold(value: object, plain: bool) -> None:
    text = json.dumps(value, ensure_ascii=plain).encode()
    assert not has_more_parts(text, parts(value))
    if parts(value):
        assert has_more_parts(text, parts(value) - 1)


@pytest.mark.parametrize("text", [b'"' * 1_000_001, b'"' + b"\\\\" * 1_000_000, b"\\" * 1_000_001, b"x" * 1_000_000])
def test_what_is_no_json_ends_too(text: bytes) -> None:
    assert has_more_parts(text, 10) == (text.count(b'"') > 20)


AWKWARD = '","[{' * (MAX_ID_CHARACTERS // 5)


def test_what_can_be_valid_has_fewer() -> None:
    many_ids = {
        "user_ids": [AWKWARD] * MAX_BATCH_USERS,
        "exclude": [AWKWARD] * MAX_EXCLUDED_IN_BODY,
        "category": [AWKWARD] * MAX_CATEGORIES,
    }
    event = dict.fromkeys(EventBody.model_fields, AWKWARD)
    ranked = {"user_id": AWKWARD, "items": [AWKWARD] * MAX_RANKED_ITEMS}
    for schema, body in (
        (BatchRecommendations, many_ids),
        (Events, {"events": [event] * MAX_EVENTS}),
        (Rank, ranked),
    ):
        assert not has_more_parts(json.dumps(body).encode(), schema.max_parts)

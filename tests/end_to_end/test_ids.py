"""An id may hold any character but NUL, in a path as in a body."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.shared_limits import MAX_ID_CHARACTERS
from tests.support.gunicorn_service import Service

AWKWARD = [
    "/",
    "%2F",
    "..",
    ".",
    "a b",
    "a+b",
    "?x=1",
    "#",
    "%",
    "é",
    "漢字",
    "🛒",
    "a/b/../c",
    "\n",
    "\u2028",
    '"',
    "\\",
]
ids = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60)
alike = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_round_trip(service: Service, text: str) -> None:
    encoded = quote(text, safe="")
    assert service.get(f"/v1/users/{encoded}/recommendations?limit=1").json["user_id"] == text
    posted = service.post("/v1/cross-sell", {"items": [text], "user_id": text, "limit": 1}).json
    assert (posted["user_id"], posted["missing_ids"]) == (text, [text])
    asked = service.get(f"/v1/items/{encoded}/similar?limit=1&exclude={encoded}&category={encoded}").json
    assert asked["missing_ids"] == [text]


@pytest.mark.parametrize("text", [*AWKWARD, "a" * MAX_ID_CHARACTERS, "🛒" * MAX_ID_CHARACTERS])
def test_awkward_ids(service: Service, text: str) -> None:
    if len(text) == MAX_ID_CHARACTERS and not text.isascii():
        encoded = quote(text, safe="")
        assert service.get(f"/v1/users/{encoded}/recommendations?limit=1").json["user_id"] == text
    else:
        assert_round_trip(service, text)


@alike
@given(ids)
def test_any_id(service: Service, text: str) -> None:
    assert_round_trip(service, text)

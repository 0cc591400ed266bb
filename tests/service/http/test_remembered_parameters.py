"""Parameters are validated once for each query string; the path, and whatever is wrong, every time."""

import pytest

from service.http.errors import InvalidRequestError
from service.http.parameters import MAX_REMEMBERED_CHARACTERS, _remembered, from_url
from service.limits import MAX_EXCLUDED_IN_URL
from service.recommendations.schemas import ItemCrossSell, UserRecommendations


def asked(user_id: str, query: str) -> UserRecommendations:
    return from_url(UserRecommendations, {"user_id": user_id}, query)


def test_the_same_query_string_for_another_user_is_not_validated_again() -> None:
    first, before = asked("a%2Fb", "limit=3&exclude=x"), _remembered.cache_info()
    second, after = asked("c", "limit=3&exclude=x"), _remembered.cache_info()
    assert (after.hits, after.misses) == (before.hits + 1, before.misses)
    assert (first.user_id, second.user_id) == ("a/b", "c")
    assert first.query().exclude == second.query().exclude == ("x",)
    assert second.limit == 3
    assert from_url(ItemCrossSell, {"item_id": "c"}, "limit=3&exclude=x").query().items == ("c",)


@pytest.mark.parametrize("user_id", ["", "%00", "%ff", "x" * 257])
def test_a_wrong_path_is_told_beside_wrong_parameters(user_id: str) -> None:
    asked("fine", "limit=3")
    for query, fields in (("limit=3", {"user_id"}), ("limit=0", {"user_id", "limit"})):
        with pytest.raises(InvalidRequestError) as refused:
            asked(user_id, query)
        assert {problem["field"] for problem in refused.value.errors} == fields


def test_what_is_refused_and_what_is_long_is_not_remembered() -> None:
    before = _remembered.cache_info().currsize
    for _ in range(2):
        with pytest.raises(InvalidRequestError):
            asked("a", "limit=no")
    long = "&".join(f"exclude={'x' * 200}{number}" for number in range(min(MAX_EXCLUDED_IN_URL, 5)))
    assert len(long) > MAX_REMEMBERED_CHARACTERS
    assert len(asked("a", long).exclude) == 5
    assert _remembered.cache_info().currsize == before

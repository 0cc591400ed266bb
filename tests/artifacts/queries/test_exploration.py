"""A stated share of an answer for items that training has not seen."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.live.activity import LiveEvent, UserActivity
from artifacts.model.model import Model, open_model
from artifacts.model.unseen import UnseenItem
from artifacts.publishing.store import Store
from artifacts.queries.answer import Answer
from artifacts.queries.eligibility import unknown_categories
from artifacts.queries.exploration import places
from artifacts.queries.query import Filters, Query, Repeat
from artifacts.queries.recommend import recommend
from service.recommendations.answers import answer_bytes
from tests.support.served import served_picks


def new(item_id: str, category: str | None = None, price: float | None = None, available: bool = True) -> UnseenItem:
    shown = {"title": f"New {item_id}"} | ({"category": category} if category else {})
    return UnseenItem(item_id, available, category, price, shown)


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    """The tiny shop with items it has not seen: those in most demand first."""
    items = (new("E1", "even", 5.0), new("O1", "odd", 500.0), new("N1"), new("gone", "odd", 5.0, available=False))
    return replace(open_model(tiny_store.current_path()), unseen=(*items, new("E2", "even"), new("O2", "odd", 5.0)))


def explored(answer: Answer) -> list[str]:
    """The unseen items, which stand behind all others in what is sent."""
    sent = json.loads(answer_bytes(answer, "r", "v", None))["items"]
    new_ones = [item for item in sent if item["source"] == "new"]
    assert new_ones == sent[len(answer.scored) :]
    assert new_ones == [
        {"item_id": item.item_id, **item.shown, "score": 0.0, "source": "new"} for item in answer.explored
    ]
    assert len(answer) == len(sent)
    return [item["item_id"] for item in new_ones]


def test_it_is_off_unless_asked_for(model: Model) -> None:
    assert explored(recommend(model, Query(user_id="u3", limit=100))) == []


def test_where_nothing_is_unseen_the_answer_is_as_without(model: Model) -> None:
    seen = replace(model, unseen=())
    assert served_picks(recommend(seen, Query(user_id="u3", explore=1.0))) == served_picks(
        recommend(seen, Query(user_id="u3"))
    )


@pytest.mark.parametrize(("share", "limit"), [(0.2, 10), (0.5, 4), (0.25, 4), (1.0, 3)])
def test_a_share_of_whole_places_is_everybodys(share: float, limit: int) -> None:
    found = {places(Query(user_id=f"u{user}", limit=limit, explore=share)) for user in range(200)}
    assert found == {round(share * limit)}


@pytest.mark.parametrize(("share", "limit"), [(0.05, 10), (0.33, 10), (0.01, 10), (0.125, 20), (0.9, 1)])
def test_over_many_users_the_share_is_as_stated(share: float, limit: int) -> None:
    n_users = 20_000
    counts = Counter(places(Query(user_id=f"user-{user}", limit=limit, explore=share)) for user in range(n_users))
    whole = int(share * limit)
    assert set(counts) <= {whole, whole + 1}
    mean = sum(count * found for found, count in counts.items()) / n_users
    assert mean == pytest.approx(share * limit, abs=4 * 0.5 / n_users**0.5)  # four standard errors at most


def test_who_gets_a_place_is_always_the_same(model: Model) -> None:
    for whose in ({"user_id": "u1"}, {"session_id": "s1"}, {"user_id": "\ud800"}, {"recent_items": ("I001",)}):
        query = Query(**whose, explore=0.05)
        assert len({places(query) for _ in range(5)}) == 1
        assert served_picks(recommend(model, query)) == served_picks(recommend(model, query))
    sessions = {places(Query(session_id=f"s{session}", explore=0.05)) for session in range(50)}
    assert sessions == {0, 1}


@given(share=st.floats(0, 1), limit=st.integers(1, 100), user=st.integers(0, 70))
def test_there_are_never_more_items_than_asked_for(tiny_store: Store, share: float, limit: int, user: int) -> None:
    unseen = tuple(new(f"n{number}") for number in range(120))
    tiny = replace(open_model(tiny_store.current_path()), unseen=unseen)
    query = Query(user_id=f"u{user}", limit=limit, explore=share)
    found, plain = recommend(tiny, query), recommend(tiny, replace(query, explore=0.0))
    assert len(found.explored) == places(query) <= limit
    assert len(found) == min(limit, len(plain) + len(found.explored))
    assert served_picks(found)[: len(found.scored)] == served_picks(plain)[: len(found.scored)]


def test_the_categories_of_the_picks_come_first_and_then_the_demand(model: Model) -> None:
    even = Query(user_id="u4", limit=6, explore=1.0)
    odd = Query(user_id="u3", limit=6, explore=1.0)
    assert explored(recommend(model, replace(even, limit=5)))[:2] == ["E1", "E2"]
    assert explored(recommend(model, replace(odd, limit=5)))[:2] == ["O1", "O2"]
    assert explored(recommend(model, replace(odd, limit=5)))[-1] == "N1", "of no category"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (Query(), {"E1", "E2", "O1", "O2", "N1"}),
        (Query(filters=Filters(in_stock=False)), {"E1", "E2", "O1", "O2", "N1", "gone"}),
        (Query(filters=Filters(("odd",))), {"O1", "O2"}),
        (Query(filters=Filters(("odd", "even"), max_price=5.0)), {"E1", "O2"}),
        (Query(filters=Filters(min_price=6.0)), {"O1"}),
        (Query(filters=Filters(("none such",))), set()),
        (Query(exclude=("E1", "E2")), {"O1", "O2", "N1"}),
        (Query(recent_items=("O1",)), {"E1", "E2", "O2", "N1"}),
        (Query(repeat=Repeat.ONLY), set()),
    ],
)
def test_filters_and_exclusions_hold_for_unseen_items(model: Model, query: Query, shown: set[str]) -> None:
    assert set(explored(recommend(model, replace(query, user_id="u3", limit=10, explore=1.0)))) == shown


def test_a_category_that_only_an_unseen_item_is_in_is_known(model: Model) -> None:
    fresh = replace(model, unseen=(*model.unseen, new("T1", "Drinks > Tea")))
    assert unknown_categories(fresh, ("even", "Tea", "Coffee", "Drinks")) == ("Coffee",)
    assert unknown_categories(model, ("even", "Tea")) == ("Tea",)


def test_an_unseen_item_that_was_bought_is_not_new_to_its_buyer(model: Model) -> None:
    activity = UserActivity(
        orders=(LiveEvent(1, "purchase", "O1", 0.0, None),), looks=(LiveEvent(2, "view", "O2", 0.0, None),)
    )
    query = Query(user_id="u3", limit=10, explore=1.0, activity=activity)
    assert set(explored(recommend(model, query))) == {"E1", "E2", "O2", "N1"}
    assert "O1" in explored(recommend(model, replace(query, repeat=Repeat.ALLOW)))
    returned = replace(activity, orders=(LiveEvent(3, "return", "O1", 1.0, None), *activity.orders))
    assert "O1" in explored(recommend(model, replace(query, activity=returned)))


def test_reasons_are_given_for_the_others(model: Model) -> None:
    answer = recommend(model, Query(user_id="u3", limit=4, explore=0.5, explain=True))
    assert [pick.reason is None for pick in served_picks(answer)] == [False, False, True, True]
    explored(answer)

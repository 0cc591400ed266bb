"""Of a long list of a user's items, the newest count."""

from dataclasses import replace

import numpy as np
import pytest

from artifacts.live.activity import LiveEvent, UserActivity
from artifacts.model.model import Model, open_model
from artifacts.model.recipe import Weights
from artifacts.publishing.store import Store
from artifacts.queries import user_state as module
from artifacts.queries.query import Query
from artifacts.queries.recommend import recommend
from artifacts.queries.user_state import NO_ITEMS, UserState, read_user_state, resolve_session
from tests.support.served import served_picks

OLD = ("I005", "I009", "I013", "I003")
BY_NEIGHBOURS = Weights(als=0, newcomers=0, popular=0, trend=0, frequency=0)


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


@pytest.fixture(autouse=True)
def two_items_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BASKET", 2)


def views(model: Model, *item_ids: str) -> UserActivity:
    """Looks, the oldest first, a minute apart; an activity has the newest first."""
    events = [
        LiveEvent(1 + place, "view", item_id, model.recipe.until + 60.0 * place, None)
        for place, item_id in enumerate(item_ids)
    ]
    return UserActivity(looks=tuple(reversed(events)))


def basket(model: Model, user_state: UserState, *, ranked: bool = False) -> list[str]:
    places = user_state.neighbour_basket(ranked=ranked).places
    return [model.item_ids[item] for item in user_state.items[places].tolist()]


@pytest.mark.parametrize("newest", ["I000", "I022"])
def test_of_a_session_the_newest_items_have_a_say(model: Model, newest: str) -> None:
    session, _ = resolve_session(model, (*OLD, newest))
    assert basket(model, read_user_state(model, Query(), session)) == [newest, OLD[-1]]
    known = read_user_state(model, Query(user_id="u4"), session)
    assert basket(model, known) == [newest, OLD[-1]]


@pytest.mark.parametrize("newest", ["I000", "I022"])
def test_of_a_visitors_events_the_newest_have_a_say(model: Model, newest: str) -> None:
    query = Query(session_id="s", activity=views(model, *OLD, newest))
    assert basket(model, read_user_state(model, query, NO_ITEMS)) == [newest, OLD[-1]]


def test_a_session_is_newer_than_all_events(model: Model) -> None:
    session, _ = resolve_session(model, ("I001",))
    query = Query(session_id="s", activity=views(model, "I003", "I000"))
    assert basket(model, read_user_state(model, query, session)) == ["I001", "I000"]


def test_of_equally_strong_items_the_ranker_has_the_newest(model: Model) -> None:
    query = Query(session_id="s", activity=views(model, *OLD, "I000", "I022"))
    assert basket(model, read_user_state(model, query, NO_ITEMS), ranked=True) == ["I022", "I000"]
    history = model.history.of(0)
    strongest = history.items[np.argsort(-history.strength, kind="stable")[0]]
    known = read_user_state(model, Query(user_id=model.user_ids[0]), NO_ITEMS)
    assert basket(model, known, ranked=True)[0] == model.item_ids[int(strongest)]


def test_an_item_that_comes_again_is_as_new_as_it_was_last(model: Model) -> None:
    session, unknown = resolve_session(model, ("I000", "what", "I003", "I000", "ever"))
    assert [model.item_ids[item] for item in session.tolist()] == ["I003", "I000"]
    assert unknown == ("what", "ever")


@pytest.mark.parametrize("by_events", [False, True])
def test_the_planted_partner_of_the_newest_item_comes_first(
    model: Model, monkeypatch: pytest.MonkeyPatch, by_events: bool
) -> None:
    monkeypatch.setattr(module, "MAX_BASKET", 1)
    shop = replace(model, recipe=replace(model.recipe, weights=BY_NEIGHBOURS))
    seen = (*OLD, "I000")
    query = Query(session_id="s", activity=views(model, *seen)) if by_events else Query(recent_items=seen)
    assert served_picks(recommend(shop, query))[0].item_id == "I002"

"""What a user did last, of the trained history and of what came since."""

from dataclasses import replace

import pytest

from artifacts.live.activity import Erasure, EventType, LiveEvent, UserActivity
from artifacts.model.model import Model, open_model
from artifacts.model.unseen import UnseenItem
from artifacts.publishing.store import Store
from artifacts.queries.query import Fallback, Query
from artifacts.queries.recent import Recent, recent

NEW = UnseenItem("new", available=True, category=None, price=None, shown={"title": "New"})
NOW = 1_780_000_000.0


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return replace(open_model(tiny_store.current_path()), unseen=(NEW,))


def did(*events: tuple[str, str, float]) -> UserActivity:
    """Type, item and how many seconds before NOW; oldest first."""
    told = [LiveEvent(seq, kind, item, NOW - ago, 1.0) for seq, (kind, item, ago) in enumerate(events, 1)]
    orders = {EventType.PURCHASE, EventType.RETURN}
    return UserActivity(
        orders=tuple(event for event in reversed(told) if event.type in orders),
        looks=tuple(event for event in reversed(told) if event.type not in orders),
    )


def ids(found: Recent) -> tuple[list[str], list[str]]:
    return [one.item.item_id for one in found.viewed], [one.item.item_id for one in found.bought]


def test_what_came_since_stands_before_what_was_trained(model: Model) -> None:
    trained = recent(model, Query(user_id="u0", limit=100))
    assert trained.bought
    assert trained.fallback is None
    activity = did(("purchase", "I003", 60), ("purchase", "I003", 50), ("view", "I001", 40), ("view", "I003", 30))
    found = recent(model, Query(user_id="u0", limit=100, activity=activity))
    assert ids(found) == (["I003", "I001"], ["I003", *ids(trained)[1]])
    assert (found.bought[0].times_bought, found.bought[0].last) == (2, NOW - 50)
    assert ids(recent(model, Query(user_id="u0", limit=1, activity=activity))) == (["I003"], ["I003"])


def test_items_that_came_after_training_and_none_at_all(model: Model) -> None:
    activity = did(("purchase", "new", 9), ("view", "new", 8), ("view", "gone", 7), ("purchase", "lost", 6))
    found = recent(model, Query(user_id="nobody", activity=activity))
    assert ids(found) == (["new"], ["new"])
    assert found.missing_ids == ("gone", "lost")
    assert found.fallback is None


def test_what_was_returned_was_not_bought(model: Model) -> None:
    activity = did(("purchase", "new", 9), ("return", "new", 8), ("purchase", "I001", 7), ("return", "I001", 6))
    assert ids(recent(model, Query(user_id="nobody", activity=activity))) == ([], [])


def test_equal_moments_stand_by_id(model: Model) -> None:
    activity = did(("view", "I002", 5), ("view", "I001", 5), ("view", "I003", 5))
    assert ids(recent(model, Query(user_id="nobody", activity=activity)))[0] == ["I001", "I002", "I003"]


def test_who_is_unknown_erased_or_wants_nothing_read(model: Model) -> None:
    assert recent(model, Query(user_id="nobody")) == Recent((), (), (), Fallback.UNKNOWN_USER)
    erased = UserActivity(erased=Erasure(NOW, 5))
    assert recent(model, Query(user_id="u0", activity=erased)) == Recent((), (), (), Fallback.UNKNOWN_USER)
    refused = Query(user_id="u0", personalized=False, activity=did(("view", "I001", 5)))
    assert recent(model, refused) == Recent((), (), (), Fallback.NOT_PERSONALIZED)

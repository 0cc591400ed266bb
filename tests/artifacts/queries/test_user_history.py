"""A trained history and what happened since are what training would make of both together."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.live.activity import NO_ACTIVITY, Erasure, EventType, LiveEvent, UserActivity
from artifacts.model.model import Model, UserInteractions, open_model
from artifacts.publishing.store import Store
from artifacts.queries.query import Query, Repeat
from artifacts.queries.recommend import recommend
from artifacts.queries.user_history import updated_history
from artifacts.queries.user_state import NO_INTERACTIONS, read_user_state
from tests.support.events import START, as_dataset
from tests.support.events import Event as Trained
from tests.support.served import served_picks
from training.config import ModelSettings
from training.fitting.history import build_history

ITEMS = ("a", "b", "c", "d")
COLUMNS = ("times_bought", "strength", "frequency", "first", "last")
KINDS = st.sampled_from(["purchase", "cart", "view"])
DAY = 86_400
MIDNIGHT = int(START.replace(tzinfo=UTC).timestamp())
NO_SESSION = np.empty(0, np.int32)
Told = tuple[str, str, float] | tuple[str, str, float, float]


@pytest.fixture(scope="module")
def tiny(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


def activity(*events: Told) -> UserActivity:
    """Events (type, item, moment, quantity), told of in that order."""
    told = [
        LiveEvent(seq, kind, item, moment, *quantity or (None,))
        for seq, (kind, item, moment, *quantity) in enumerate(events, 1)
    ]
    orders = {EventType.PURCHASE, EventType.RETURN}
    return UserActivity(
        orders=tuple(event for event in reversed(told) if event.type in orders),
        looks=tuple(event for event in reversed(told) if event.type not in orders),
    )


def trained_on(tiny: Model, events: Iterable[Trained]) -> tuple[Model, UserInteractions]:
    """A version whose only user did this, and what it knows of them."""
    dataset = as_dataset(events, unsold=ITEMS)
    history, fresh = build_history(dataset, ModelSettings(half_life_days=0))
    recipe = replace(tiny.recipe, event_strength=fresh, until=dataset.until)
    return replace(tiny, item_ids=dataset.item_ids, recipe=recipe), history.of(0)


def by_item(model: Model, interactions: UserInteractions) -> dict[str, dict[str, float]]:
    """Item -> column -> value, strength in fresh purchases."""
    assert (np.diff(interactions.items) > 0).all()
    assert [getattr(interactions, name).dtype for name in ("items", *COLUMNS)] == [
        getattr(NO_INTERACTIONS, name).dtype for name in ("items", *COLUMNS)
    ]
    return {
        model.item_ids[item]: {
            name: float(getattr(interactions, name)[place]) / (model.recipe.event_strength if name == "strength" else 1)
            for name in COLUMNS
        }
        for place, item in enumerate(interactions.items.tolist())
    }


# Each at a moment of its own, and told of in whichever order; a habit of 180 days decays little in a minute.
@given(
    before=st.lists(st.tuples(KINDS, st.sampled_from(ITEMS)), min_size=1, max_size=8),
    since=st.lists(st.tuples(KINDS, st.sampled_from(ITEMS)), max_size=8),
    order=st.randoms(),
)
def test_what_happened_since_counts_as_training_counts_it(
    tiny: Model, before: list[tuple[str, str]], since: list[tuple[str, str]], order: Random
) -> None:
    events = [
        Trained("u", item, f"b{second}", second / DAY, kind) for second, (kind, item) in enumerate(before + since)
    ]
    model, trained = trained_on(tiny, events[: len(before)])
    told = [(kind, item, MIDNIGHT + len(before) + place) for place, (kind, item) in enumerate(since)]
    order.shuffle(told)
    found = by_item(model, updated_history(model, trained, activity(*told)))
    wanted = by_item(*trained_on(tiny, events))
    assert found.keys() == wanted.keys()
    for item, columns in wanted.items():
        assert found[item] == pytest.approx(columns, rel=1e-4, abs=1e-5), item


def test_what_was_done_at_one_moment_is_one_event_the_weightiest(tiny: Model) -> None:
    model, trained = trained_on(tiny, [Trained("u", "a", "b0")])
    moment = MIDNIGHT + 9
    told = activity(
        ("view", "b", moment),
        ("cart", "b", moment),
        ("view", "b", moment),
        ("purchase", "c", moment),
        ("view", "c", moment),
        ("purchase", "c", moment, 3.0),
    )
    found = by_item(model, updated_history(model, trained, told))
    assert found["b"]["strength"] == pytest.approx(0.3)
    assert found["c"]["strength"] == pytest.approx(1.0)
    assert (found["b"]["times_bought"], found["c"]["times_bought"]) == (0, 1)


def bought(model: Model, trained: UserInteractions, *events: Told) -> object:
    """Item -> times bought, where at all."""
    found = by_item(model, updated_history(model, trained, activity(*events)))
    return {item: columns["times_bought"] for item, columns in found.items() if columns["times_bought"]}


@pytest.mark.parametrize(
    ("events", "left"),
    [
        ([("purchase", "b", 1, 3.0), ("return", "b", 2, 3.0)], {"a": 2}),
        ([("purchase", "b", 1, 3.0), ("return", "b", 2, 2.0)], {"a": 2, "b": 1}),
        ([("purchase", "b", 1), ("return", "b", 2)], {"a": 2}),
        ([("purchase", "b", 1), ("purchase", "b", 2), ("return", "b", 3)], {"a": 2, "b": 1}),
        ([("purchase", "b", 1, 2.0), ("purchase", "b", 2, 2.0), ("return", "b", 3, 3.0)], {"a": 2, "b": 1}),
        ([("purchase", "b", 1), ("return", "b", 2, 9.0), ("purchase", "b", 3)], {"a": 2, "b": 1}),
        ([("return", "b", 2), ("purchase", "b", 1)], {"a": 2}),  # told of in the other order
        ([("return", "b", 1), ("purchase", "b", 1)], {"a": 2}),
        ([("return", "b", 1), ("purchase", "b", 2)], {"a": 2, "b": 1}),
        ([("return", "a", 1)], {"a": 1}),
        ([("return", "a", 1, 1.0), ("return", "a", 2, 1.0)], {}),
        ([("return", "a", 1), ("return", "a", 2), ("return", "a", 3)], {}),
        ([("purchase", "a", 1), ("return", "a", 2)], {"a": 2}),
        ([("purchase", "a", 1), ("return", "a", 2), ("return", "a", 3)], {"a": 1}),
        ([("return", "c", 1)], {"a": 2}),  # only looked at
        ([("return", "nowhere", 1), ("purchase", "nowhere", 2)], {"a": 2}),
    ],
)
def test_returns(tiny: Model, events: list[Told], left: dict[str, int]) -> None:
    model, trained = trained_on(
        tiny, [Trained("u", "a", "b0"), Trained("u", "a", "b1"), Trained("u", "c", "b2", event="view")]
    )
    assert bought(model, trained, *((event[0], event[1], MIDNIGHT + event[2], *event[3:]) for event in events)) == left


def test_one_of_two_trained_purchases_given_back_is_half_of_them(tiny: Model) -> None:
    model, trained = trained_on(tiny, [Trained("u", "a", "b0"), Trained("u", "a", "b1"), Trained("u", "b", "b2")])
    found = by_item(model, updated_history(model, trained, activity(("return", "a", MIDNIGHT + 1))))
    assert found["a"] == pytest.approx(found["b"])
    given_back = updated_history(model, trained, activity(("return", "b", MIDNIGHT + 1)))
    assert list(by_item(model, given_back)) == ["a"]


def test_who_only_looked_has_tastes_but_bought_nothing(tiny: Model) -> None:
    told = activity(("view", "I001", MIDNIGHT + 5), ("click", "I003", MIDNIGHT), ("view", "I001", MIDNIGHT + 1))
    user_state = read_user_state(tiny, Query(user_id="newcomer", activity=told), NO_SESSION)
    assert not user_state.known
    assert user_state.bought.tolist() == []
    found = by_item(tiny, user_state.history)
    assert found["I001"] == {
        **{"times_bought": 0, "strength": pytest.approx(0.2), "frequency": 0},
        **{"first": MIDNIGHT + 1, "last": MIDNIGHT + 5},
    }
    picks = served_picks(recommend(tiny, Query(user_id="newcomer", limit=3, activity=told)))
    assert [pick.category for pick in picks] == ["odd"] * 3
    assert served_picks(recommend(tiny, Query(user_id="newcomer", repeat=Repeat.ONLY, activity=told))) == ()


@pytest.mark.parametrize("repeat", [Repeat.EXCLUDE, Repeat.ALLOW])
@pytest.mark.parametrize("who", [{"user_id": "newcomer"}, {"session_id": "s-77"}])
def test_who_is_new_is_answered_as_who_gives_the_same_items(tiny: Model, who: dict[str, Any], repeat: Repeat) -> None:
    for items in (("I000",), ("I003", "I007"), ("I001", "I002", "I010")):
        told = activity(*(("purchase", item, tiny.recipe.until + 60) for item in items))
        by_events = recommend(tiny, Query(**who, activity=told, repeat=repeat, limit=6)).scored
        given_items = recommend(tiny, Query(recent_items=items, repeat=repeat, limit=6)).scored
        assert by_events.items.tolist() == given_items.items.tolist()
        np.testing.assert_allclose(by_events.scores, given_items.scores, rtol=1e-5)


def test_a_purchase_leaves_the_picks_and_enters_buy_it_again(tiny: Model) -> None:
    first = served_picks(recommend(tiny, Query(user_id="u4")))[0].item_id
    told = activity(("purchase", first, MIDNIGHT))
    assert first not in {
        pick.item_id for pick in served_picks(recommend(tiny, Query(user_id="u4", limit=100, activity=told)))
    }
    again = served_picks(recommend(tiny, Query(user_id="u4", repeat=Repeat.ONLY, limit=100, activity=told)))
    assert first in {pick.item_id for pick in again}
    assert first in {
        pick.item_id
        for pick in served_picks(recommend(tiny, Query(user_id="u4", repeat=Repeat.ALLOW, limit=100, activity=told)))
    }


@pytest.mark.parametrize(
    "told", [NO_ACTIVITY, UserActivity(), activity(("purchase", "nowhere", 1), ("view", "else", 2))]
)
def test_where_nothing_tells_the_history_is_the_very_same(tiny: Model, told: UserActivity) -> None:
    trained = tiny.history.of(4)
    assert updated_history(tiny, trained, told) is trained
    user_state = read_user_state(tiny, Query(user_id=tiny.user_ids[4], activity=told), NO_SESSION)
    assert user_state.vector is not None
    np.testing.assert_array_equal(user_state.vector, tiny.user_factors[4])


def test_the_vector_is_the_solution_of_als_for_the_merged_history(tiny: Model) -> None:
    """(Y' Cu Y + lambda I) x = Y' Cu p, with all items in Y: Hu, Koren and Volinsky 2008, eq. 4, as it stands there."""
    told = activity(("purchase", "I001", MIDNIGHT), ("view", "I003", MIDNIGHT + 1), ("purchase", "I000", MIDNIGHT + 2))
    user_state = read_user_state(tiny, Query(user_id="u4", activity=told), NO_SESSION)
    strength = np.zeros(len(tiny.item_ids))
    trained = tiny.history.of(tiny.user_ids.find("u4"))
    strength[trained.items] = trained.strength
    for item, weight in (("I001", 1.0), ("I003", 0.1), ("I000", 1.0)):
        strength[tiny.item_ids.find(item)] += weight * tiny.recipe.event_strength
    confidence = np.where(strength > 0, tiny.recipe.alpha * strength, 1.0)
    factors = tiny.item_factors.astype(np.float64)
    left = factors.T @ (factors * confidence[:, np.newaxis]) + tiny.recipe.regularization * np.eye(factors.shape[1])
    expected = np.linalg.solve(left, factors.T @ np.where(strength > 0, confidence, 0.0))
    assert user_state.vector is not None
    np.testing.assert_allclose(user_state.vector, expected, rtol=1e-4, atol=1e-6)


def test_users_who_opted_out_are_not_read(tiny: Model) -> None:
    told = activity(("purchase", "I001", MIDNIGHT))
    user_state = read_user_state(tiny, Query(user_id="u4", personalized=False, activity=told), NO_SESSION)
    assert (user_state.known, user_state.vector, user_state.bought.tolist()) == (False, None, [])


@pytest.mark.parametrize(("erased_at", "known"), [(6, False), (5, True), (4, True)])
def test_an_erasure_counts_where_the_version_was_trained_before_it(tiny: Model, erased_at: int, known: bool) -> None:
    """The version was trained with all up to number 5."""
    model = replace(tiny, manifest=replace(tiny.manifest, data={"live_seq": 5}))
    told = replace(activity(("view", "I001", MIDNIGHT)), erased=Erasure(MIDNIGHT, erased_at))
    user_state = read_user_state(model, Query(user_id="u4", activity=told), NO_SESSION)
    assert user_state.known is known
    trained = set(by_item(model, tiny.history.of(tiny.user_ids.find("u4")))) if known else set()
    assert set(by_item(model, user_state.history)) == trained | {"I001"}
    assert user_state.vector is not None, "what they did afterwards counts"

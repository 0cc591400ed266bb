"""The items that are worth the ranker's look: distinct, eligible, few, and where each came from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.model.index import best
from artifacts.model.inner_products import inner_products
from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from artifacts.queries import candidates as module
from artifacts.queries.candidates import find_candidates
from artifacts.queries.eligibility import Mask
from artifacts.queries.neighbours import add_up_neighbours
from artifacts.queries.query import Query
from artifacts.queries.scoring import blend_scores, query_vector_of
from artifacts.queries.user_state import UserState, read_user_state

NO_SESSION = np.empty(0, np.int32)


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


def read(model: Model, user: int) -> tuple[UserState, np.ndarray]:
    user_state = read_user_state(model, Query(user_id=model.user_ids[user]), NO_SESSION)
    assert user_state.vector is not None
    return user_state, query_vector_of(model.recipe.weights, user_state.vector)


def all_neighbour_scores(model: Model, user_state: UserState) -> np.ndarray:
    scores = add_up_neighbours(model, user_state.items, user_state.strength)
    return scores.of(np.arange(len(model.item_ids)))


def check(model: Model, user: int, eligible: Mask) -> None:
    """The user's own items, then what the index finds, then the neighbours that are not among it."""
    user_state, query_vector = read(model, user)
    found = find_candidates(model, user_state, query_vector, eligible)
    assert len(found.items) == len(found.neighbour_scores) == len(set(found.items.tolist()))
    assert found.items.dtype == np.int64
    bought = set(user_state.bought.tolist())
    allowed = set(np.flatnonzero(eligible).tolist())
    n_own = min(module.FROM_HISTORY, len(bought & allowed))
    assert set(found.items[:n_own].tolist()) <= bought & allowed
    new = np.array(sorted(allowed - bought), np.int64)
    near = best(new, inner_products(model.item_vectors[new], query_vector), module.FROM_INDEX)[0]
    assert found.items[n_own : n_own + len(near)].tolist() == near.tolist()
    scores = all_neighbour_scores(model, user_state)
    rest = np.setdiff1d(new, near)
    rest = rest[scores[rest] > 0]
    assert found.items[n_own + len(near) :].tolist() == best(rest, scores[rest], module.FROM_NEIGHBOURS)[0].tolist()
    np.testing.assert_array_equal(found.neighbour_scores, scores[found.items])


@given(st.integers(0, 59), st.lists(st.booleans(), min_size=27, max_size=27))
def test_candidates_are_eligible_distinct_and_from_where_they_say(
    model: Model, user: int, eligible: list[bool]
) -> None:
    check(model, user, np.array(eligible))


@given(st.integers(0, 59), st.lists(st.booleans(), min_size=27, max_size=27))
def test_and_no_more_than_the_best_few_of_each(model: Model, user: int, eligible: list[bool]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for cap in ("FROM_INDEX", "FROM_NEIGHBOURS", "FROM_HISTORY"):
            patch.setattr(module, cap, 2)
        check(model, user, np.array(eligible))


def test_a_user_who_bought_much_keeps_what_scores_best(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    user = int(np.argmax(np.diff(model.history.indptr)))
    user_state, query_vector = read(model, user)
    items = user_state.bought.astype(np.int64)
    blend = blend_scores(model, query_vector, items, user_state.history.frequency)
    monkeypatch.setattr(module, "FROM_HISTORY", 3)
    found = find_candidates(model, user_state, query_vector, np.ones(len(model.item_ids), np.bool_))
    assert len(items) > 3
    assert found.items[:3].tolist() == items[np.argsort(-blend, kind="stable")][:3].tolist()

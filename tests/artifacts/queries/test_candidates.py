"""The items that are worth the ranker's look: distinct, eligible, few, and where each came from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.model.index import best, inner_products
from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from artifacts.queries import candidates as module
from artifacts.queries.candidates import Candidates, find_candidates
from artifacts.queries.eligibility import Mask
from artifacts.queries.neighbours import add_up_neighbours
from artifacts.queries.query import Query, Source
from artifacts.queries.scoring import query_vector_of
from artifacts.queries.user_state import UserState, read_user_state

NO_SESSION = np.empty(0, np.int32)


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


def read(model: Model, user: int) -> tuple[UserState, np.ndarray]:
    user_state = read_user_state(model, Query(user_id=model.user_ids[user]), NO_SESSION)
    assert user_state.vector is not None
    return user_state, query_vector_of(model.recipe.weights, user_state.vector)


def by_source(found: Candidates) -> dict[Source, list[int]]:
    assert len(found.items) == len(found.neighbour_scores) == len(found.sources)
    assert found.items.dtype == np.int64
    items = zip(found.items.tolist(), found.sources, strict=True)
    of: dict[Source, list[int]] = {source: [] for source in (Source.HISTORY, Source.ALS, Source.CO_PURCHASE)}
    for item, source in items:
        of[source].append(item)
    return of


def check(model: Model, user: int, eligible: Mask) -> None:
    user_state, wanted = read(model, user)
    found = find_candidates(model, user_state, wanted, eligible)
    of = by_source(found)
    bought = set(user_state.bought.tolist())
    allowed = set(np.flatnonzero(eligible).tolist())
    new = np.array(sorted(allowed - bought), np.int64)
    neighbour_scores = add_up_neighbours(model, user_state.items, user_state.strength).of(
        np.arange(len(model.item_ids))
    )
    assert len(set(found.items.tolist())) == len(found.items)
    assert len(of[Source.HISTORY]) == min(module.FROM_HISTORY, len(bought & allowed))
    assert set(of[Source.HISTORY]) <= bought & allowed
    near = best(new, inner_products(model.item_vectors[new], wanted), module.FROM_INDEX)[0]
    assert set(of[Source.ALS]) == set(near.tolist())
    beside = np.array(
        [item for item in new.tolist() if item not in of[Source.ALS] and neighbour_scores[item] > 0], np.int64
    )
    assert of[Source.CO_PURCHASE] == best(beside, neighbour_scores[beside], module.FROM_NEIGHBOURS)[0].tolist()
    np.testing.assert_array_equal(found.neighbour_scores, neighbour_scores[found.items])


@given(st.integers(0, 59), st.lists(st.booleans(), min_size=27, max_size=27))
def test_candidates_are_eligible_distinct_and_from_where_they_say(model: Model, user: int, eligible: list[bool]):
    check(model, user, np.array(eligible))


@given(st.integers(0, 59), st.lists(st.booleans(), min_size=27, max_size=27))
def test_and_no_more_than_the_best_few_of_each(model: Model, user: int, eligible: list[bool]):
    with pytest.MonkeyPatch.context() as patch:
        for cap in ("FROM_INDEX", "FROM_NEIGHBOURS", "FROM_HISTORY"):
            patch.setattr(module, cap, 2)
        check(model, user, np.array(eligible))


def test_a_user_who_bought_much_keeps_what_scores_best(model: Model, monkeypatch: pytest.MonkeyPatch):
    user = int(np.argmax(np.diff(model.history.indptr)))
    user_state, wanted = read(model, user)
    items = user_state.bought.astype(np.int64)
    blend = model.item_vectors[items] @ wanted
    blend += model.recipe.weights.frequency * user_state.history.frequency
    monkeypatch.setattr(module, "FROM_HISTORY", 3)
    found = by_source(find_candidates(model, user_state, wanted, np.ones(len(model.item_ids), np.bool_)))
    assert len(items) > 3
    assert found[Source.HISTORY] == items[np.argsort(-blend)][:3].tolist()

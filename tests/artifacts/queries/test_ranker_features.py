"""What the ranker looks at: every feature by hand on a tiny shop, and finite numbers whatever the shop."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.model.model import Model, RankerFeatures
from artifacts.queries.candidates import Candidates
from artifacts.queries.query import Query
from artifacts.queries.ranker_features import FEATURES, ITEM_FEATURES, PAIR_FEATURES, USER_FEATURES, candidate_features
from artifacts.queries.scoring import query_vector_of
from artifacts.queries.user_state import read_user_state
from tests.support.events import NO_CATALOGUE, Event, as_dataset
from training.config import ModelSettings
from training.fitting.fit import fit
from training.fitting.history import build_history
from training.fitting.popularity import count_popularity
from training.fitting.ranker_examples import opened
from training.fitting.ranker_features import count_ranker_features
from training.interactions.dataset import Dataset

LN2, LN3 = np.log(2), np.log(3)
NO_SESSION = np.empty(0, np.int32)
# Seen from day 100, when v bought c.
SHOP = [
    Event("u", "a", "b1", day=0, price=2.0),
    Event("u", "b", "b1", day=0, price=8.0),
    Event("u", "a", "b2", day=90, price=2.0),
    Event("u", "c", "b2", day=90, price=4.0),
    Event("u", "d", "b2", day=90, event="view"),
    Event("v", "a", "b3", day=95),
    Event("v", "c", "b3", day=95),
    Event("v", "c", "b4", day=100),
    Event("w", "b", "b5", day=60),
    Event("w", "b", "b6", day=80),
    Event("x", "c", "b7", day=50),
    Event("y", "a", "b8", day=98, event="view"),
    Event(None, "b", "g1", day=99),
    Event(None, "d", "g1", day=99),
]
UNSOLD = ["z"]


def ranking_of(dataset: Dataset) -> RankerFeatures:
    history, _ = build_history(dataset, ModelSettings())
    return count_ranker_features(dataset, history, count_popularity(dataset, history))


@pytest.fixture(scope="module")
def shop() -> Dataset:
    """u pays with ten times the quantity of the others."""
    dataset = as_dataset(SHOP, UNSOLD)
    return replace(dataset, quantity=np.where(dataset.user == dataset.user_ids.find("u"), 10, 1).astype(np.float32))


BY_ITEM: dict[str, list[float]] = {
    #               a, b, c, d, z
    "buyers_7": [1, 0, 1, 0, 0],
    "buyers_14": [1, 0, 1, 0, 0],
    "buyers_28": [2 / 3, 1 / 3, 2 / 3, 0, 0],
    "buyers_84": [2 / 4, 1 / 4, 3 / 4, 0, 0],
    "trend_week": [1.002 / (2 / 3 + 0.002), 0.002 / (1 / 3 + 0.002), 1.002 / (2 / 3 + 0.002), 1, 1],
    "trend_fortnight": [501, 0.002 / 1.002, 501, 1, 1],
    "trend_month": [(2 / 3 + 0.002) / 0.502, (1 / 3 + 0.002) / 0.252, (2 / 3 + 0.002) / 0.752, 1, 1],
    "newcomers_7": [1, 0, 1, 0, 0],
    "newcomers_14": [1 / 2, 0, 1, 0, 0],
    "newcomers_28": [1 / 3, 0, 2 / 3, 0, 0],
    "guests_28": [0, 1, 0, 1, 0],
    "age_days": [100, 100, 50, 1, 100],
    "idle_days": [5, 1, 0, 1, 100],
    "log_price": [LN2, 3 * LN2, 2 * LN2, 7 / 4 * LN2, 7 / 4 * LN2],
    "log_quantity": [2 / 3 * np.log(10), np.log(10) / 4, np.log(10) / 4, 0, np.log(10) / 3],
    "repeat_rate": [(1 + 10 * 3 / 7) / 12, (1 + 10 * 3 / 7) / 12, (1 + 10 * 3 / 7) / 13, 3 / 7, 3 / 7],
    "baskets_per_buyer": [8 / 7, 8 / 7, 9 / 8, 1, 1],
    "rebuy_rate": [1 / 2, 6 / 11, 5 / 11, 1 / 2, 1 / 2],
    "log_basket_size": [LN2, LN2 / 2, LN2 / 2, LN2, 8 / 12 * LN2],
    "log_buyers": [LN3, LN3, np.log(4), 0, 0],
}
MEAN_PRICE, SPREAD = 7 / 4 * LN2, np.sqrt(0.6875) * LN2
BY_USER: dict[str, list[float]] = {
    #                      u, v, w, x, y
    "user_baskets": [2, 2, 2, 1, 0],
    "user_baskets_28": [1, 2, 1, 0, 0],
    "user_baskets_84": [1, 2, 2, 1, 0],
    "user_idle_days": [10, 0, 20, 50, -1],
    "user_age_days": [100, 5, 40, 50, -1],
    "user_items": [4, 2, 1, 1, 1],
    "user_basket_size": [2, 3 / 2, 1, 1, 0],
    "user_gap_days": [90, 5, 20, -1, -1],
    "user_log_price": [MEAN_PRICE] * 5,
    "user_price_spread": [SPREAD] * 5,
    "user_log_quantity": [np.log(10), 0, 0, 0, 0.4 * np.log(10)],
    "user_log_buyers": [
        (3 * LN3 + np.log(4)) / 4,
        (LN3 + 2 * np.log(4)) / 3,
        LN3,
        np.log(4),
        (6 * LN3 + 4 * np.log(4)) / 10,
    ],
    "user_log_age": [
        np.log([1, 1, 91, 41]).mean(),
        np.log([96, 46, 51]).mean(),
        np.log([61, 81]).mean(),
        0,
        np.log([1, 1, 91, 41, 96, 46, 51, 61, 81, 1]).mean(),
    ],
    "user_newness": [4 / 8, 3 / 7, 3 / 7, 1 / 2, 1 / 2],
}


@pytest.mark.parametrize("name", ITEM_FEATURES)
def test_features_of_items_by_hand(shop: Dataset, name: str) -> None:
    found = ranking_of(shop).items[ITEM_FEATURES.index(name)]
    np.testing.assert_allclose(found, BY_ITEM[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", USER_FEATURES)
def test_features_of_users_by_hand(shop: Dataset, name: str) -> None:
    found = ranking_of(shop).users[:, USER_FEATURES.index(name)]
    np.testing.assert_allclose(found, BY_USER[name], rtol=1e-5, atol=1e-6)


def test_two_baskets_on_the_day_of_the_first_are_one_buyer() -> None:
    """Many shops know the day only."""
    dataset = as_dataset([Event("u", "a", "b1"), Event("u", "a", "b2"), Event("v", "b", "b3")])
    assert ranking_of(dataset).items[ITEM_FEATURES.index("log_buyers")].tolist() == pytest.approx([LN2, LN2])


@pytest.fixture(scope="module")
def model(shop: Dataset) -> Iterator[Model]:
    with opened(
        fit(shop, NO_CATALOGUE, ModelSettings(factors=2, regularization=1.0, recipe="ranker"), show_progress=False)
    ) as model:
        yield model


OLD, NEW = 2 ** (-100 / 180), 2 ** (-10 / 180)
CANDIDATES = Candidates(np.array([3, 0, 1, 4, 2]), np.array([0, 3, 1, 0, 2], np.float32))


def features_of(model: Model, user_id: str, candidates: Candidates = CANDIDATES) -> dict[str, np.ndarray]:
    user_state = read_user_state(model, Query(user_id=user_id), NO_SESSION)
    assert user_state.vector is not None
    rows = candidate_features(model, user_state, query_vector_of(model.recipe.weights, user_state.vector), candidates)
    assert rows.dtype == np.float32
    return dict(zip(FEATURES, rows, strict=True))


def test_names_and_order_are_those_of_the_rows(model: Model) -> None:
    assert FEATURES == ITEM_FEATURES + USER_FEATURES + PAIR_FEATURES
    assert len(set(FEATURES)) == len(FEATURES)
    found, user = features_of(model, "w"), model.user_ids.find("w")
    for number, name in enumerate(ITEM_FEATURES):
        assert found[name].tolist() == model.ranker_features.items[number, CANDIDATES.items].tolist()
    for number, name in enumerate(USER_FEATURES):
        assert found[name].tolist() == [model.ranker_features.users[user, number]] * 5


@pytest.mark.parametrize(
    ("name", "expected"),
    {
        #          d: looked at, a, b, z: nothing, c
        "times_bought": [0, 2, 1, 0, 1],
        "frequency": np.log1p([0, OLD + NEW, OLD, 0, NEW]),
        "since_last": [-1, 10, 100, -1, 10],
        "since_first": [-1, 100, 100, -1, 10],
        "gap": [-1, 90, 0, -1, 0],
        "due": [-1, 10 / 90, -1, -1, -1],
        "share_of_baskets": [-1, 1, 0.5, -1, 0.5],
        "passed_over_days": [-1, 0, 90, -1, 0],
        "neighbour_score": [0, 3, 1, 0, 2],
        "neighbour_rank": np.log([4, 1, 3, 5, 2]),
        "price_difference": np.array([0, -3 / 4, 5 / 4, 0, 1 / 4]) * LN2,
        "price_distance": np.array([0, 3 / 4, 5 / 4, 0, 1 / 4]) * LN2 / (SPREAD + 0.2),
        "buyers_difference": np.array([0, LN3, LN3, 0, np.log(4)]) - BY_USER["user_log_buyers"][0],
        "age_difference": np.log([2, 101, 101, 101, 51]) - BY_USER["user_log_age"][0],
        "quantity_difference": np.array([-1, -1 / 3, -3 / 4, -2 / 3, -3 / 4]) * np.log(10),
    }.items(),
)
def test_features_of_a_user_and_an_item_by_hand(model: Model, name: str, expected: list[float]) -> None:
    np.testing.assert_allclose(features_of(model, "u")[name], expected, rtol=1e-4, atol=1e-5)


def test_scores_and_their_ranks(model: Model) -> None:
    found, user = features_of(model, "u"), model.user_ids.find("u")
    vector = model.user_factors[user]
    row, weights = model.history.row(user), model.recipe.weights
    strength = dict(zip(model.history.items[row].tolist(), model.history.strength[row].tolist(), strict=True))
    assert found["strength"].tolist() == pytest.approx(
        [strength[item] if item in (0, 1, 2) else 0 for item in CANDIDATES.items.tolist()]
    )
    als = weights.als * model.item_factors[CANDIDATES.items] @ vector
    newcomer = weights.newcomers * model.newcomer_vectors[CANDIDATES.items] @ vector / np.linalg.norm(vector)
    popular = model.item_vectors[CANDIDATES.items, -2:] @ np.array([weights.popular, weights.trend])
    np.testing.assert_allclose(found["als"], als, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["newcomer"], newcomer, rtol=1e-4, atol=1e-6)
    blend = als + newcomer + popular + weights.frequency * found["frequency"]
    np.testing.assert_allclose(found["blend"], blend, rtol=1e-4, atol=1e-6)
    for name in ("als", "newcomer", "blend"):
        best_first = np.argsort(-found[name], kind="stable")
        np.testing.assert_allclose(found[f"{name}_rank"][best_first], np.log(np.arange(1, 6)), rtol=1e-6)


def test_no_candidates_have_no_features(model: Model) -> None:
    nothing = Candidates(np.empty(0, np.int64), np.empty(0, np.float32))
    assert features_of(model, "u", nothing)["als"].shape == (0,)


ODD = st.builds(
    Event,
    user=st.sampled_from([None, None, "u", "v", "w"]),
    item=st.sampled_from("abcd"),
    basket=st.sampled_from(["b1", "b2", "b3"]),
    day=st.sampled_from([0.0, 0.0, 1e-5, 30.0, 400.0, -20_000.0]),
    event=st.sampled_from(["purchase", "purchase", "view"]),
    price=st.sampled_from([None, 0.01, 1e9]),
)


@given(st.lists(ODD, min_size=1, max_size=12))
def test_odd_shops_have_finite_features(events: list[Event]) -> None:
    ranker_features = ranking_of(as_dataset(events, UNSOLD))
    assert ranker_features.items.shape[0] == len(ITEM_FEATURES)
    assert ranker_features.users.shape[1] == len(USER_FEATURES)
    assert np.isfinite(ranker_features.items).all()
    assert np.isfinite(ranker_features.users).all()


@pytest.mark.parametrize(
    "events",
    [
        [Event("u", "a", "b1")],
        [Event("u", item, f"b{number}") for number, item in enumerate("aabc")],
        [Event("u", "a", "b1", event="view"), Event("v", "b", "b2")],
        [Event("u", "a", "b1", day=-20_000), Event("u", "b", "b2")],
    ],
    ids=["one basket", "all at the same time", "only looked", "long ago"],
)
def test_odd_users_have_finite_features(events: list[Event]) -> None:
    dataset = as_dataset(events, UNSOLD)
    everything = Candidates(np.arange(dataset.n_items), np.zeros(dataset.n_items, np.float32))
    with opened(fit(dataset, NO_CATALOGUE, ModelSettings(factors=2, recipe="ranker"), show_progress=False)) as model:
        found = features_of(model, "u", everything)
    assert all(np.isfinite(row).all() for row in found.values())

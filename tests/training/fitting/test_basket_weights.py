"""What a basket's items say together: the regression by hand, planted patterns, and a catalogue too large for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.model.half_lives import BASKET_DAYS
from artifacts.model.model import BasketWeights, Model
from artifacts.queries.cross_sell import cross_sell
from artifacts.queries.query import Query, Source
from tests.support.events import NO_CATALOGUE, Event, as_dataset, basket
from tests.support.served import served_picks
from training.config import ModelSettings
from training.fitting import basket_weights as module
from training.fitting.basket_weights import fit_basket_weights
from training.fitting.fit import fit
from training.fitting.ranker_examples import opened
from training.interactions.dataset import Dataset

SMALL = [
    *basket(1, "a", "b", day=0),
    *basket(2, "a", "b", "c", day=60),
    *basket(3, "c", "d", day=100),
    *basket(4, "d", day=120),
    *basket(5, "b", "d", "e", day=120),
]


def dense(found: BasketWeights) -> np.ndarray:
    n_items = len(found.indptr) - 1
    weights = np.zeros((n_items, n_items))
    weights[np.repeat(np.arange(n_items), np.diff(found.indptr)), found.items] = found.score
    return weights


def expected(dataset: Dataset) -> np.ndarray:
    """Steck 2019, eq. 8, basket by basket."""
    gram = np.zeros((dataset.n_items, dataset.n_items))
    for number in np.unique(dataset.basket):
        rows = dataset.basket == number
        x = np.zeros(dataset.n_items)
        x[dataset.item[rows]] = 1
        age = (dataset.until - dataset.time[rows][0]) / 86_400
        gram += 2 ** (-age / BASKET_DAYS) / np.sqrt(x.sum()) * np.outer(x, x)
    sold = np.diag(gram)
    inverse = np.linalg.inv(gram + module.REGULARIZATION * sold.mean() * np.eye(len(gram)))
    weights = -inverse / np.diag(inverse)[np.newaxis, :]
    np.fill_diagonal(weights, 0)
    return np.asarray(weights * (sold + 0.02 * sold.mean()) ** -module.POPULARITY_DISCOUNT)


def test_weights_are_those_of_ease_over_weighted_baskets() -> None:
    dataset = as_dataset(SMALL)
    found = fit_basket_weights(dataset)
    np.testing.assert_allclose(dense(found), expected(dataset), rtol=1e-5, atol=1e-7)
    assert (np.diag(dense(found)) == 0).all()
    assert (found.score < 0).any(), "what makes an item superfluous is kept"


@given(st.lists(st.tuples(st.sets(st.sampled_from("abcdef"), min_size=1), st.integers(0, 700)), min_size=1, max_size=8))
def test_any_baskets_give_the_weights_of_ease(baskets: list[tuple[set[str], int]]) -> None:
    dataset = as_dataset(
        [event for number, (items, day) in enumerate(baskets) for event in basket(number, *sorted(items), day=day)]
    )
    np.testing.assert_allclose(dense(fit_basket_weights(dataset)), expected(dataset), rtol=1e-4, atol=1e-6)


def test_looks_count_for_nothing_and_a_line_twice_in_a_basket_once() -> None:
    looks = [Event("u", item, "v", day=120, event="view") for item in "ae"]
    again = [Event(None, "a", "b1", price=2.0)]
    np.testing.assert_array_equal(
        dense(fit_basket_weights(as_dataset([*SMALL, *looks, *again]))), dense(fit_basket_weights(as_dataset(SMALL)))
    )


def test_rows_keep_their_strongest_weights_of_either_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = dense(fit_basket_weights(as_dataset(SMALL)))
    monkeypatch.setattr(module, "PER_ITEM", 2)
    cut = fit_basket_weights(as_dataset(SMALL))
    for item, row in enumerate(whole):
        strongest = np.sort(np.argsort(-np.abs(row), kind="stable")[:2])
        assert cut.items[cut.row(item)].tolist() == strongest.tolist()


@pytest.mark.parametrize(
    "events", [[Event("u", "a", "b1", event="view")], [Event("u", "a", "b1")]], ids=["looks", "one purchase"]
)
def test_nothing_to_say(events: list[Event]) -> None:
    found = fit_basket_weights(as_dataset(events, unsold=["z"]))
    assert found.indptr.tolist() == [0, 0, 0]
    assert found.items.dtype == np.int32


def test_items_nobody_bought_say_nothing_and_nothing_is_said_of_them() -> None:
    found = dense(fit_basket_weights(as_dataset(SMALL, unsold=["z"])))
    assert (found[-1] == 0).all()
    assert (found[:, -1] == 0).all()
    assert np.isfinite(found).all()


@pytest.fixture(scope="module")
def planted() -> Dataset:
    """Milk goes with flour and salt with eggs, but who buys flour and eggs bakes, and takes the tin."""
    rng = np.random.default_rng(0)
    events = []
    for number in range(600):
        things = {f"i{item}" for item in rng.integers(0, 20, 2)}
        kind = rng.random()
        if kind < 0.15:
            things |= {"flour", "eggs"} | ({"tin"} if rng.random() < 0.9 else set())
        elif kind < 0.4:
            things |= {"flour", "milk"}
        elif kind < 0.65:
            things |= {"eggs", "salt"}
        events += basket(number, *sorted(things), user=f"u{number % 40}", day=number / 10)
    return as_dataset(events)


def ask(model: Model, *items: str) -> list[tuple[str, Source]]:
    return [(pick.item_id, pick.source) for pick in served_picks(cross_sell(model, Query(items=items)))]


def test_two_items_together_point_to_the_third(planted: Dataset) -> None:
    settings = ModelSettings(factors=4, iterations=2)
    with opened(fit(planted, NO_CATALOGUE, settings, show_progress=False)) as model:
        assert ask(model, "flour")[0] == ("milk", Source.CO_PURCHASE)
        assert ask(model, "eggs")[0] == ("salt", Source.CO_PURCHASE)
        assert ask(model, "flour", "eggs")[0] == ("tin", Source.CO_PURCHASE)


def test_a_catalogue_too_large_falls_back_to_co_purchases(planted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ITEMS", planted.n_items - 1)
    settings = ModelSettings(factors=4, iterations=2)
    with opened(fit(planted, NO_CATALOGUE, settings, show_progress=False)) as model:
        assert len(model.basket_weights.items) == 0
        assert model.basket_weights.indptr.tolist() == [0] * (planted.n_items + 1)
        picks = ask(model, "flour", "eggs")
        assert {item for item, source in picks if source is Source.CO_PURCHASE} >= {"tin", "milk", "salt"}

"""The neighbour scores of several items are the sum of their rows."""

import numpy as np
import pytest

from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from artifacts.queries import neighbours
from artifacts.queries.neighbours import add_up_neighbours


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


@pytest.mark.parametrize("items_per_entry", [0, 10**9])
@pytest.mark.parametrize("strength", [None, [0.5, 2.0, 0.1]])
def test_they_are_the_weighted_sum_of_the_rows(
    model: Model, monkeypatch: pytest.MonkeyPatch, items_per_entry: int, strength: list[float] | None
) -> None:
    monkeypatch.setattr(neighbours, "ITEMS_PER_ENTRY", items_per_entry)
    items, n_items = np.array([4, 0, 9], np.int32), len(model.item_ids)
    sums = np.zeros(n_items)
    for item, weight in zip(items.tolist(), strength or [1.0, 1.0, 1.0], strict=True):
        row = model.basket_weights.row(item)
        np.add.at(sums, model.basket_weights.items[row], weight * model.basket_weights.score[row])
    found = add_up_neighbours(model, items, None if strength is None else np.array(strength, np.float32))
    assert np.count_nonzero(sums) > 3
    np.testing.assert_allclose(found.of(np.arange(n_items)), sums, rtol=1e-5, atol=1e-6)
    (best,), (score,) = found.best(np.ones(n_items, np.bool_), 1)
    assert (best, score) == (np.argmax(sums), pytest.approx(sums.max()))


def test_one_item_goes_by_its_co_purchases(model: Model) -> None:
    item = model.item_ids.find("I000")
    row = model.co_purchases.row(item)
    found = add_up_neighbours(model, np.array([item], np.int32)).of(model.co_purchases.items[row].astype(np.int64))
    np.testing.assert_array_equal(found, model.co_purchases.score[row])


def test_no_items_have_no_neighbours(model: Model) -> None:
    found = add_up_neighbours(model, np.empty(0, np.int32))
    assert len(found.items) == len(found.best(np.ones(len(model.item_ids), np.bool_), 3)[0]) == 0

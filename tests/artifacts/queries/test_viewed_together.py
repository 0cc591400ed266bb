"""What is viewed together with an item: planted co-views first, then what can stand in; a version may have none."""

from dataclasses import replace

import numpy as np
import pytest

from artifacts.model.model import CoOccurrences, Model, open_model, save_model
from artifacts.publishing.manifest import Provenance
from artifacts.publishing.store import Store
from artifacts.queries.query import Fallback, Filters, Query, Source
from artifacts.queries.similar import similar
from artifacts.queries.viewed_together import viewed_together
from tests.support.served import served_picks
from tests.support.versions import copy_of


@pytest.fixture(scope="module")
def tiny(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


def with_views(model: Model) -> Model:
    """Item 4 is viewed with item 5, which is sold out, and items 7 and 9."""
    starts = np.zeros(len(model.item_ids) + 1, np.int64)
    starts[5:] = 3
    floats = np.array([0.5, 0.4, 0.3], np.float32)
    pairs = CoOccurrences(
        starts, np.array([5, 9, 7], np.int32), floats, np.array([4, 3, 2], np.int32), floats, 10 * floats
    )
    return replace(model, co_views=pairs)


def test_what_is_viewed_together_comes_first(tiny: Model) -> None:
    answer = viewed_together(with_views(tiny), Query(items=("I004",), limit=5, explain=True))
    picks = served_picks(answer)
    assert [pick.item_id for pick in picks[:2]] == ["I009", "I007"]
    assert [pick.source for pick in picks[:2]] == [Source.CO_VIEW, Source.CO_VIEW]
    reason = picks[0].reason
    assert reason is not None
    (pair,) = reason.viewed_together
    assert (pair.item_id, pair.support, pair.title) == ("I004", 3, "Item number 4")
    assert Source.CO_VIEW not in {pick.source for pick in picks[2:]}
    assert len({pick.item_id for pick in picks} - {"I004"}) == 5
    assert answer.fallback is None


def test_what_is_viewed_together_passes_the_filters(tiny: Model) -> None:
    model = with_views(tiny)
    sold_out = Query(items=("I004",), limit=3, filters=Filters(in_stock=False))
    assert [pick.item_id for pick in served_picks(viewed_together(model, sold_out))] == ["I005", "I009", "I007"]
    cheap = Query(items=("I004",), limit=1, filters=Filters(max_price=9))
    assert [pick.item_id for pick in served_picks(viewed_together(model, cheap))] == ["I007"]
    excluded = Query(items=("I004",), limit=1, exclude=("I009", "gone"))
    answer = viewed_together(model, excluded)
    assert [pick.item_id for pick in served_picks(answer)] == ["I007"]
    assert answer.missing_ids == ("gone",)


def test_without_views_what_can_stand_in_is_answered(tiny: Model) -> None:
    query = Query(items=("I004",), limit=8)
    answer = viewed_together(tiny, query)
    assert answer.fallback is Fallback.NO_VIEWS
    assert served_picks(answer) == served_picks(similar(tiny, query))
    assert viewed_together(tiny, Query(items=("gone",))).fallback is Fallback.UNKNOWN_ITEMS


def test_a_version_has_its_files_where_there_are_views_alone(tiny_store: Store, tiny: Model) -> None:
    assert tiny.co_views is None
    assert not [name for name in tiny.manifest.files if name.startswith("co_views")]


def test_co_views_are_what_was_saved(tiny_store: Store, tiny: Model, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = copy_of(tiny_store, tmp_path_factory.mktemp("views") / "store")
    with store.draft() as draft:
        save_model(draft, with_views(tiny))
        store.publish(draft, Provenance(created="2026-01-01T00:00:00+00:00"))
    opened = open_model(store.current_path())
    assert opened.co_views is not None
    assert opened.co_views.items.tolist() == [5, 9, 7]
    assert opened.co_views.lift.tolist() == pytest.approx([5, 4, 3])

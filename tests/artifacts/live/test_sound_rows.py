"""Values that the service never writes, and a database holds all the same: each costs itself and nothing else."""

import math
import secrets
from pathlib import Path

import pytest

from artifacts.live.events import Event
from artifacts.live.items import ItemUpdate
from artifacts.live.overlay import Overlay, no_changes
from artifacts.live.sound_rows import LATEST
from artifacts.live.store import LiveStore
from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from artifacts.queries.query import Query
from artifacts.queries.recommend import recommend
from service.state.live_items import LiveItems
from tests.support.live_events import NOW, connect, opened
from tests.support.postgres import Server

SQLITE = "sqlite:///{}/live.db"
ABSURD_TIMES = ["1e300", "-1e300", "9e999", "-9e999", "1770000000000", "'yesterday'", "x'00'"]
ABSURD_AMOUNTS = ["1e300", "-1", "9e999", "'many'", "x'00'"]


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


def sale(number: int, item_id: str = "I001") -> Event:
    return Event(f"e{number}", "purchase", "u1", None, item_id, NOW + number, 1.0, 9.5)


def spoil(url: str, table: str, columns: list[str], value: str, which: str = "seq > 0") -> None:
    """Set columns of some rows to a value, past the store."""
    changes = ", ".join(f"{column} = {value}" for column in columns)
    with connect(url) as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET {changes} WHERE {which}")  # noqa: S608


def laid(model: Model, live: LiveStore) -> Model:
    overlay = LiveItems(live).read(model)
    assert overlay is not None
    return overlay.model


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("time", value) for value in ABSURD_TIMES),
        ("type", "'wish'"),
        ("item_id", "x'00'"),
        ("item_id", "''"),
        ("user_id", "x'00'"),
    ],
)
def test_an_event_that_cannot_be_is_skipped_and_counted_once(
    model: Model, tmp_path: Path, column: str, value: str
) -> None:
    url = SQLITE.format(tmp_path)
    with opened(url) as live:
        live.insert([sale(1), sale(2), sale(3, "I003")])
        spoil(url, "live_events", [column], value, "seq = 2")
        bare = Overlay(model, no_changes(model))
        if column != "user_id":
            bare.add([], [*live.item_events_since(0)], 3)
            assert (laid(model, live).popularity.recent == bare.model.popularity.recent).all()
            assert len([*live.item_events_since(0)]) == 2
        assert [stored.seq for stored in live.events(0, 3)] == [1, 3]
        activity = live.activity("u1", None, 0)
        assert [order.seq for order in activity.orders] == [3, 1]
        recommend(model, Query(user_id="u1", activity=activity))
        assert live.skipped.take_news() == [f"live_events.{column} of the change 2"]
        assert live.skipped.take_news() == []


@pytest.mark.parametrize("value", ABSURD_AMOUNTS)
def test_a_quantity_or_price_that_cannot_be_is_none(model: Model, tmp_path: Path, value: str) -> None:
    url = SQLITE.format(tmp_path)
    with opened(url) as live:
        live.insert([sale(1), sale(2)])
        spoil(url, "live_events", ["quantity", "price"], value, "seq = 2")
        spoiled = [*live.events(0, 2)][1]
        assert (spoiled.quantity, spoiled.price) == (None, None)
        activity = live.activity("u1", None, 0)
        assert [order.quantity for order in activity.orders] == [None, 1.0]
        recommend(model, Query(user_id="u1", activity=activity))
        assert len(live.skipped) == 2


@pytest.mark.parametrize("value", ["1e300", "1e39", "-1", "9e999", "'cheap'", "x'00'"])
def test_what_is_said_of_an_item_and_cannot_be_is_not_said(model: Model, tmp_path: Path, value: str) -> None:
    url = SQLITE.format(tmp_path)
    with opened(url) as live:
        live.put_items([ItemUpdate("I001", {"price": 3.0, "title": "A"}), ItemUpdate("I003", {"price": 4.0})])
        live.put_items([ItemUpdate("new", {"price": 5.0, "title": "B"})])
        spoil(url, "live_items", ["price"], value, "item_id IN ('I001', 'new')")
        spoil(url, "live_items", ["title"], "x'00'", "item_id IN ('I001', 'new')")
        overlaid = laid(model, live)
        known = model.item_ids.find("I001")
        assert overlaid.catalogue.price[known] == pytest.approx(model.catalogue.price[known], nan_ok=True)
        assert overlaid.catalogue.price[model.item_ids.find("I003")] == 4
        assert [(item.item_id, item.price) for item in overlaid.unseen] == [("new", None)]
        assert len(live.skipped) == 4


@pytest.mark.parametrize("value", ABSURD_TIMES)
def test_who_was_erased_at_a_time_that_cannot_be_stays_erased(tmp_path: Path, value: str) -> None:
    url = SQLITE.format(tmp_path)
    with opened(url) as live:
        live.erase("u1")
        spoil(url, "live_erasures", ["time"], value)
        erased = live.erasures().of("u1")
        assert erased is not None
        assert erased.time == LATEST
        assert live.activity("u1", None, 0).erased == erased == live.held("u1").erased
        assert live.insert([sale(1)]).erased == (0,)


@pytest.mark.parametrize("value", ["Infinity", "-Infinity", "NaN", "1e300"])
@pytest.mark.integration
def test_absurd_numbers_of_postgresql(model: Model, postgres_server: Server, value: str) -> None:
    url = postgres_server.create_database(f"absurd_{secrets.token_hex(8)}")
    with opened(url) as live:
        live.insert([sale(1), sale(2)])
        live.put_items([ItemUpdate("I001", {"price": 3.0})])
        spoil(url, "live_events", ["time"], f"'{value}'", "event_id = 'e2'")
        spoil(url, "live_items", ["price"], f"'{value}'")
        assert math.isfinite(laid(model, live).popularity.recent.sum())
        assert len(live.skipped) == 2

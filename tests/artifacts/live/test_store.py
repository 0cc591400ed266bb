"""The live store against SQLite and PostgreSQL: what is put in comes out, once, in order, and goes when it must."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from artifacts.live import events as live_events
from artifacts.live import items as live_items
from artifacts.live.activity import Erasure, EventType, LiveEvent, UserActivity
from artifacts.live.activity_lookup import MAX_LOOKS, MAX_ORDERS
from artifacts.live.address import read_address
from artifacts.live.errors import LiveSchemaError, LiveUnavailableError, LiveUrlError
from artifacts.live.events import Event, ItemEvent
from artifacts.live.items import ItemChanges, ItemUpdate, LiveItem
from artifacts.live.schema import METADATA, REVISION, VERSION
from artifacts.live.store import LiveStore
from artifacts.live.upgrade import MIGRATIONS
from tests.support.gunicorn_service import wait_for
from tests.support.live_events import NOW, connect, event, opened, rows

SPAWN = multiprocessing.get_context("spawn")
WRITERS, BATCHES, BATCH = 3, 30, 7


@pytest.fixture
def store(live_url: str) -> Iterator[LiveStore]:
    with opened(live_url) as store:
        yield store


def looked_at(activity: UserActivity) -> list[str]:
    return [seen.item_id for seen in activity.looks]


# The tables


def test_an_empty_database_becomes_the_schema(live_url: str) -> None:
    with opened(live_url) as store:
        assert store.watermark() == 0
    with connect(live_url) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION.name})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == REVISION


def test_the_last_migration_is_the_one_the_code_knows() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [REVISION]


def test_a_store_is_opened_again_as_it_was(live_url: str) -> None:
    with opened(live_url) as store:
        store.insert([event(1)])
        store.erase("ben")
    with opened(live_url) as store:
        assert looked_at(store.activity("ana", None, 0)) == ["item-1"]
        assert store.held("ben").erased is not None


def open_it(url: str, barrier: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    with opened(url) as store:
        store.set_personalized("ana", False)


@pytest.mark.integration
def test_processes_that_start_together_make_one_schema(live_url: str) -> None:
    barrier = SPAWN.Barrier(4)
    processes = [SPAWN.Process(target=open_it, args=(live_url, barrier)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    assert rows(live_url, "SELECT id, seq FROM live_state") == [(1, 4)]


def test_a_newer_schema_is_refused_and_left_alone(live_url: str) -> None:
    with opened(live_url) as store:
        store.insert([event(1)])
    with connect(live_url) as connection:
        connection.exec_driver_sql("UPDATE live_version SET version_num = '9999'")
        connection.exec_driver_sql("CREATE TABLE of_a_later_release (id INTEGER)")
    late = LiveStore(live_url)
    with pytest.raises(LiveSchemaError, match="made by a newer release"):
        late.check()
    with pytest.raises(LiveUnavailableError):
        late.insert([event(2)])
    late.close()
    assert rows(live_url, "SELECT version_num FROM live_version") == [("9999",)]
    assert rows(live_url, "SELECT event_id FROM live_events") == [("event-1",)]
    assert rows(live_url, "SELECT seq FROM live_state") == [(1,)]


def test_a_schema_that_gets_newer_under_a_running_store_is_noticed(live_url: str, store: LiveStore) -> None:
    with connect(live_url) as connection:
        connection.exec_driver_sql("UPDATE live_version SET version_num = '9999'")
        for ask in (
            lambda: store.activity("ana", None, 0),
            lambda: store.changes_since(0),
            lambda: store.insert([event(1)]),
            lambda: store.put_items([ItemUpdate("item-1", {"available": False})]),
        ):
            with pytest.raises(LiveSchemaError):
                ask()
        with pytest.raises(LiveSchemaError):
            store.check()
        connection.execute(sa.update(VERSION).values(version_num=REVISION))
    assert store.check() == 0
    assert store.insert([event(1)]).accepted == 1


# Events


def test_an_event_counts_once(store: LiveStore) -> None:
    first = store.insert([event(1), event(2), event(1, "purchase")])
    assert (first.accepted, first.duplicates) == (2, (2,))
    again = store.insert([event(2), event(3)])
    assert (again.accepted, again.duplicates) == (1, (0,))
    nothing_new = store.insert([event(1), event(2), event(3)])
    assert (nothing_new.accepted, nothing_new.duplicates) == (0, (0, 1, 2))
    stored = list(store.events(0, store.watermark()))
    assert [found.event_id for found in stored] == ["event-1", "event-2", "event-3"]
    assert [found.type for found in stored] == ["view"] * 3


def test_a_value_that_the_database_refuses_is_one_callers_failure(live_url: str, store: LiveStore) -> None:
    with connect(live_url) as other, ThreadPoolExecutor(4) as threads:
        other.exec_driver_sql("BEGIN IMMEDIATE" if live_url.startswith("sqlite") else "BEGIN")
        other.exec_driver_sql("UPDATE live_state SET seq = seq")
        good = [threads.submit(store.insert, [event(number)]) for number in range(3)]
        bad = threads.submit(store.insert, [event(3)._replace(event_id="\ud800")])
        wait_for(lambda: len(store._insertions._waiting) >= 3)
        other.exec_driver_sql("COMMIT")
    assert [call.result().accepted for call in good] == [1, 1, 1]
    assert not isinstance(bad.exception(), LiveUnavailableError)
    assert isinstance(bad.exception(), Exception)
    assert len(list(store.events(0, 10))) == 3
    assert not store.paused


def test_what_one_of_a_group_sends_again_is_its_own(live_url: str, store: LiveStore) -> None:
    store.insert([event(1)])
    with connect(live_url) as other, ThreadPoolExecutor(4) as threads:
        other.exec_driver_sql("BEGIN IMMEDIATE" if live_url.startswith("sqlite") else "BEGIN")
        other.exec_driver_sql("UPDATE live_state SET seq = seq")
        calls = [
            threads.submit(store.insert, [event(number) for number in numbers])
            for numbers in ([2], [3, 1], [1, 4], [5])
        ]
        wait_for(lambda: len(store._insertions._waiting) >= 3)
        other.exec_driver_sql("COMMIT")
    found = [(call.result().accepted, call.result().duplicates) for call in calls]
    assert found == [(1, ()), (1, (1,)), (1, (0,)), (1, ())]


def test_events_come_back_as_they_were(store: LiveStore) -> None:
    odd = Event("ü\n'\"%(x)s:y", "return", "Zoë/1", None, "日本 %", NOW + 0.123456, None, None, None)
    store.insert([event(1, session="s1"), odd])
    first, second = store.events(0, store.watermark())
    assert first[1:-1] == ("event-1", "view", None, "s1", "item-1", NOW + 1, 2.0, 9.5, "request-1")
    assert second[1:-1] == odd
    assert first.seq < second.seq


def test_many_more_events_than_are_read_at_once(store: LiveStore) -> None:
    n_events = live_events.READ_AT_ONCE * 2 + 5
    for start in range(0, n_events, 5000):
        store.insert([event(number) for number in range(start, min(start + 5000, n_events))])
    assert [found.seq for found in store.item_events_since(0)] == list(range(1, n_events + 1))
    assert [found.seq for found in store.events(3, n_events - 1)] == list(range(4, n_events))


def test_what_events_say_of_items(store: LiveStore) -> None:
    store.insert([event(number, kind) for number, kind in enumerate(EventType)])
    told = list(store.item_events_since(0))
    assert {found.type for found in told} == {*EventType} - {EventType.IMPRESSION}
    assert told[0] == ItemEvent(1, "item-0", "view", NOW, 2.0)
    assert list(store.item_events_since(told[-2].seq)) == told[-1:]
    assert list(store.item_events_since(store.watermark())) == []


def write_batches(url: str, writer: int) -> None:
    with opened(url) as store:
        for batch in range(BATCHES):
            first = (writer * BATCHES + batch) * BATCH
            shared = Event(f"shared-{batch}", "view", "ana", None, "item", NOW)
            store.insert([*(event(first + place) for place in range(BATCH)), shared])


@pytest.mark.integration
def test_a_follower_misses_nothing_of_several_writers(live_url: str, store: LiveStore) -> None:
    """Numbers come in the order of commits: to go on from the last number seen is enough."""
    processes = [SPAWN.Process(target=write_batches, args=(live_url, writer)) for writer in range(WRITERS)]
    for process in processes:
        process.start()
    seen: list[str] = []
    last = 0
    while any(process.is_alive() for process in processes) or store.watermark() > last:
        up_to = store.watermark()
        followed = list(store.events(last, up_to))
        assert all(last < found.seq <= up_to for found in followed)
        seen += (found.event_id for found in followed)
        last = up_to
    assert [process.exitcode for process in processes] == [0] * WRITERS
    expected = {event(number).event_id for number in range(WRITERS * BATCHES * BATCH)}
    assert len(seen) == len(set(seen))
    assert set(seen) == expected | {f"shared-{batch}" for batch in range(BATCHES)}


# Whom a request is about


def test_nobody(store: LiveStore) -> None:
    assert store.activity("nobody", None, 0) == UserActivity((), (), None, True)
    assert store.activity(None, None, 0) == UserActivity((), (), None, True)


def test_a_users_events_newest_first(store: LiveStore) -> None:
    store.insert([event(1), event(2, "purchase"), event(3, "cart"), event(4, user="ben"), event(5, "return")])
    activity = store.activity("ana", None, 0)
    assert activity.looks == (
        LiveEvent(3, "cart", "item-3", NOW + 3, 2.0),
        LiveEvent(1, "view", "item-1", NOW + 1, 2.0),
    )
    assert [(order.type, order.item_id) for order in activity.orders] == [
        ("return", "item-5"),
        ("purchase", "item-2"),
    ]
    later = store.activity("ana", None, 2)
    assert (looked_at(later), len(later.orders)) == (["item-3"], 1)


def test_a_user_in_a_session(store: LiveStore) -> None:
    store.insert([event(1, session="s1"), event(2), event(3, session="s2"), event(4, session="s1"), event(5)])
    assert looked_at(store.activity(None, "s1", 0)) == ["item-4", "item-1"]
    assert looked_at(store.activity("ana", "s1", 0)) == ["item-5", "item-4", "item-2", "item-1"]
    assert looked_at(store.activity("s1", "ana", 0)) == []


def test_neither_impressions_nor_looks_hide_an_order(store: LiveStore) -> None:
    store.insert([event(0, "purchase")])
    store.insert([event(number) for number in range(1, 500)])
    store.insert([event(number, "impression") for number in range(500, 1400)])
    activity = store.activity("ana", None, 0)
    assert [order.item_id for order in activity.orders] == ["item-0"]
    assert looked_at(activity) == [f"item-{number}" for number in range(499, 499 - MAX_LOOKS, -1)]


def test_orders_have_a_bound_too(store: LiveStore) -> None:
    store.insert([event(number, "purchase") for number in range(MAX_ORDERS + 5)])
    store.insert([event(number, "purchase", session="s") for number in range(5000, 5005)])
    orders = store.activity("ana", "s", 0).orders
    assert len(orders) == MAX_ORDERS
    assert orders[0].item_id == "item-5004"


# Items


def test_what_is_said_of_an_item_adds_up(store: LiveStore) -> None:
    (item,) = store.put_items([ItemUpdate("mug", {"available": False, "price": 4.5})])
    assert item == LiveItem("mug", available=False, price=4.5)
    (item,) = store.put_items([ItemUpdate("mug", {"title": "Mug"}), ItemUpdate("mug", {"price": None})])
    assert item == LiveItem("mug", available=False, title="Mug")
    assert store.changes_since(0).items == (item,)


def test_followers_are_told_what_changed(store: LiveStore) -> None:
    store.put_items([ItemUpdate(f"item-{number}", {"available": True}) for number in range(5)])
    first = store.changes_since(0)
    assert {item.item_id for item in first.items} == {f"item-{number}" for number in range(5)}
    assert all(item.available is True for item in first.items)
    assert store.changes_since(first.up_to) == ItemChanges(first.up_to, ())

    store.put_items([ItemUpdate(f"item-{number}", {"available": number != 3}) for number in range(5)])
    second = store.changes_since(first.up_to)
    assert second.items == (LiveItem("item-3", available=False),), "what stays as it was is no change"

    store.put_items([ItemUpdate(f"item-{number}", {"available": number != 3}) for number in range(5)])
    assert store.changes_since(second.up_to) == ItemChanges(second.up_to, ())


def test_more_items_than_are_read_at_once(store: LiveStore) -> None:
    n_items = live_items.READ_AT_ONCE + 500
    for start in range(0, n_items, 3500):
        store.put_items([ItemUpdate(f"item-{number}", {"price": number}) for number in range(start, start + 3500)])
    changes = store.changes_since(0)
    assert len({item.item_id for item in changes.items}) == len(changes.items) == n_items
    assert store.changes_since(changes.up_to).items == ()


# Users


def test_who_is_forgotten_leaves_nothing_but_a_digest(live_url: str, store: LiveStore) -> None:
    store.insert([event(1), event(2, "purchase"), event(3, user="ben"), event(4, session="ana")])
    store.set_personalized("ana", False)
    before = store.watermark()
    forgotten = store.erase("ana")
    assert forgotten.events == 2
    assert store.activity("ana", None, 0) == UserActivity((), (), forgotten.erasure, True)
    assert store.held("ana").erased == forgotten.erasure
    assert forgotten.erasure.seq > before
    assert looked_at(store.activity("ben", None, 0)) == ["item-3"]
    assert looked_at(store.activity(None, "ana", 0)) == ["item-4"], "a session of that name is another"
    for table in ("live_preferences", "live_erasures", "live_events WHERE session_id IS NULL"):
        assert "ana" not in repr(rows(live_url, f"SELECT * FROM {table}"))  # noqa: S608


def test_what_is_deleted_is_no_more_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    with opened(f"sqlite:///{path}") as store:
        store.insert([event(number, user="somebody-to-forget") for number in range(200)])
        store.erase("somebody-to-forget")
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        content = path.read_bytes()
    assert b"live_events" in content
    assert b"somebody-to-forget" not in content


def test_who_comes_back_is_a_new_user(store: LiveStore) -> None:
    erased = store.erase("ana").erasure
    late = event(1)._replace(time=erased.time - 5)
    new = event(2)._replace(time=erased.time + 5)
    insertion = store.insert([late, new, event(3, user="ben"), event(4, session="ana")])
    assert (insertion.accepted, insertion.duplicates, insertion.erased) == (3, (), (0,))
    activity = store.activity("ana", None, 0)
    assert looked_at(activity) == ["item-2"]
    assert activity.erased == erased
    again = store.erase("ana")
    assert again.events == 1
    assert again.erasure.time >= erased.time
    assert store.activity("ana", None, 0).looks == ()


def test_erasures_are_found_without_the_ids(store: LiveStore) -> None:
    assert store.erasures().of("ana") is None
    one, two = store.erase("ana").erasure, store.erase("Zoë").erasure
    erasures = store.erasures()
    assert [erasures.of(user) for user in ("ana", "Zoë", "ben", "")] == [one, two, None, None]
    assert isinstance(one, Erasure)


def test_another_store_has_another_key(live_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(live_url) as one, opened(f"sqlite:///{tmp_path_factory.mktemp('other')}/live.db") as other:
        one.erase("ana")
        other.erase("ana")
        assert one.erasures().by_digest.keys().isdisjoint(other.erasures().by_digest.keys())


def test_who_wants_no_answers_of_their_own(store: LiveStore) -> None:
    store.insert([event(1), event(2, session="s1")])
    store.set_personalized("ana", False)
    store.set_personalized("ben", False)
    store.set_personalized("ben", True)
    assert store.activity("ana", "s1", 0) == UserActivity((), (), None, False)
    assert store.activity("ben", None, 0).personalized
    assert store.opted_out() == {"ana"}
    assert (store.held("ana").personalized, store.held("ben").personalized) == (False, True)


def test_all_that_is_held_is_told(store: LiveStore) -> None:
    assert store.held("ana").events == ()
    assert store.held("ana").personalized is None
    store.insert([event(1), event(2, "impression"), event(3, user="ben")])
    held = store.held("ana")
    assert [(found.event_id, found.type) for found in held.events] == [("event-1", "view"), ("event-2", "impression")]
    erased = store.erase("ana").erasure
    assert store.held("ana") == replace(held, events=(), erased=erased)


# Pruning


def test_only_what_is_old_and_was_read_is_pruned(store: LiveStore) -> None:
    store.insert([event(number) for number in range(1, 11)])
    received = [found.received for found in store.events(0, 10)]
    assert store.prune(before=received[0], read_up_to=10) == 0
    assert store.prune(before=received[-1] + 1, read_up_to=4) == 4
    assert [found.seq for found in store.events(0, 10)] == list(range(5, 11))
    assert store.prune(before=received[-1] + 1, read_up_to=4) == 0


def test_numbers_are_never_given_again(store: LiveStore) -> None:
    store.insert([event(number) for number in range(1, 11)])
    last = store.watermark()
    store.prune(before=NOW * 2, read_up_to=last)
    store.insert([event(1)])
    (found,) = store.events(0, store.watermark())
    assert found.seq > last


def test_more_is_pruned_than_fits_into_one_transaction(store: LiveStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_events, "PRUNED_AT_ONCE", 10)
    store.insert([event(number) for number in range(25)])
    assert store.prune(before=NOW * 2, read_up_to=25) == 25
    assert list(store.events(0, store.watermark())) == []


# Addresses


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://shop:secret@db/shop", "mysql:// is neither sqlite:// nor postgresql://"),
        ("shop:secret@db", "it is no database URL"),
        ("sqlite://", "sqlite:// needs a file"),
        ("sqlite:///:memory:", "sqlite:// needs a file"),
        ("sqlite:///live.db?mode=ro", "takes no options"),
    ],
)
def test_an_address_that_is_none(url: str, problem: str) -> None:
    with pytest.raises(LiveUrlError, match=problem) as caught:
        LiveStore(url)
    assert "secret" not in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """No fault of the address: it may come back."""
    assert read_address("sqlite:///no/such/folder/live.db").missing_folder == Path("no/such/folder")
    assert read_address(f"sqlite:///{tmp_path}/live.db").missing_folder is None
    assert read_address("postgresql://db/no/such").missing_folder is None
    with pytest.raises(LiveUnavailableError, match="unable to open database file"):
        LiveStore(f"sqlite:///{tmp_path}/nowhere/live.db").check()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:secret@db.example/shop?password=secret",
        "postgres://a:secret@b/c",
        "postgresql://a:x@secret@b/c",
        "postgresql://a%3Asecret@b/c",
        "postgresql://b/c#password=secret",
        "postgresql://b/c;password=secret",
        "postgresql://b/secret@c",
        "postgresql://b/password=secret host=d",
        "postgresql://b/c?whatever=secret&options=-c%20x=secret",
    ],
)
def test_a_name_without_a_password(url: str) -> None:
    assert "secret" not in LiveStore(url).name
    assert "secret" not in repr(read_address(url))
    assert read_address(url).url.drivername == "postgresql+psycopg"

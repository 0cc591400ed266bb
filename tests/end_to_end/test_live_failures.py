"""What happens to the live store when its database does not: every call ends with an error that tells why, nothing
acknowledged is lost, and what comes back is used again."""

import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from artifacts.live.activity_lookup import MAX_LOOKS
from artifacts.live.breaker import FAILURES
from artifacts.live.database import Patience
from artifacts.live.errors import (
    REASONS,
    LiveBrokenError,
    LiveFullError,
    LiveGoneError,
    LivePausedError,
    LiveSchemaError,
    LiveTimeoutError,
    LiveUnavailableError,
)
from artifacts.live.store import LiveStore
from tests.support.gunicorn_service import DEADLINE_SECONDS, wait_for
from tests.support.live_events import event, opened
from tests.support.postgres import Server, running_server
from tests.support.small_disk import fill
from tests.support.sqlite_connections import Connections

QUICK = Patience(read=0.3, write=0.6)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


@pytest.fixture
def in_file(path: Path) -> Iterator[LiveStore]:
    """A store in a SQLite file, with one event."""
    store = LiveStore(f"sqlite:///{path}", QUICK)
    store.check()
    store.insert([event(1)])
    yield store
    store.close()


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL server of the test's own, to be taken away."""
    with running_server() as server:
        yield server


@pytest.fixture
def on_server(server: Server) -> Iterator[LiveStore]:
    """A store on that server, with one event."""
    store = LiveStore(server.url, QUICK)
    wait_for(lambda: checked(store))
    wait_for(lambda: accepted(store, 1))
    yield store
    store.close()


def raised(work: Callable[[], object]) -> LiveUnavailableError:
    """What a call raises. It is made in a thread: one that hangs fails the test, and not by hanging."""
    with ThreadPoolExecutor(1) as threads:
        error = threads.submit(work).exception(DEADLINE_SECONDS)
    assert isinstance(error, LiveUnavailableError), error
    return error


def stored(store: LiveStore) -> list[str]:
    return [found.event_id for found in store.events(0, store.watermark())]


def every_operation(store: LiveStore) -> list[Callable[[], object]]:
    return [
        lambda: store.activity("ana", "s1", 0),
        store.watermark,
        lambda: store.changes_since(0),
        lambda: list(store.events(0, 9)),
        lambda: list(store.item_events_since(0)),
        store.erasures,
        store.opted_out,
        lambda: store.held("ana"),
        lambda: store.insert([event(2)]),
        lambda: store.put_items([]),
        lambda: store.erase("ana"),
        lambda: store.set_personalized("ana", False),
        lambda: store.prune(0, 0),
    ]


def test_reasons_differ() -> None:
    assert len(set(REASONS)) == len(REASONS) >= 6


def test_a_store_that_was_never_reached(tmp_path: Path) -> None:
    store = LiveStore(f"sqlite:///{tmp_path}/live.db")
    for operation in every_operation(store):
        assert isinstance(raised(operation), LivePausedError)
    assert not (tmp_path / "live.db").exists()


# SQLite


def test_a_file_that_another_process_locks(in_file: LiveStore, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(FAILURES):
            assert isinstance(raised(lambda: in_file.insert([event(2)])), LiveTimeoutError)
        assert isinstance(raised(lambda: in_file.insert([event(2)])), LivePausedError)
        assert in_file.paused
        assert [seen.item_id for seen in in_file.activity("ana", None, 0).looks] == ["item-1"]
        assert in_file.check() == 1
        other.execute("COMMIT")
    wait_for(lambda: accepted(in_file, 2))
    assert not in_file.paused
    assert stored(in_file) == ["event-1", "event-2"]


def accepted(store: LiveStore, number: int) -> bool:
    try:
        return store.insert([event(number)]).accepted == 1
    except LiveUnavailableError:
        return False


def test_a_full_disk(in_file: LiveStore, path: Path) -> None:
    limit_pages(in_file, path)
    many = [event(number) for number in range(2, 2000)]
    assert isinstance(raised(lambda: in_file.insert(many)), LiveFullError)
    assert stored(in_file) == ["event-1"], "all of a batch or nothing"
    assert in_file.check() == 1


def limit_pages(store: LiveStore, path: Path) -> None:
    """Have the file reach its greatest size soon, as it does on a disk that is full."""
    engine = store._database._engine
    with closing(sqlite3.connect(path)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    engine.dispose()
    sa.event.listen(engine, "connect", lambda driver, _: driver.execute(f"PRAGMA max_page_count = {pages + 2}"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.system(f"mount -t tmpfs -o size=400k tmpfs {disk} 2>/dev/null"):  # noqa: S605
        pytest.skip("nothing may be mounted here")
    try:
        with opened(f"sqlite:///{disk}/live.db") as store:
            store.insert([event(1)])
            (disk / "filler").write_bytes(b"")
            fill(disk / "filler")
            errors = {type(raised(lambda: insert_all(store))) for _ in range(2)}
            assert errors <= {LiveFullError, LiveUnavailableError}
            kept = stored(store)
            assert kept[0] == "event-1"
            (disk / "filler").unlink()
            wait_for(lambda: accepted(store, 100_000))
            assert stored(store) == [*kept, "event-100000"]
    finally:
        os.system(f"umount {disk}")  # noqa: S605


def insert_all(store: LiveStore) -> None:
    for start in range(2, 20_000, 1000):
        store.insert([event(number) for number in range(start, start + 1000)])


def test_a_file_that_is_gone(in_file: LiveStore, path: Path) -> None:
    away = path.with_name("away.db")
    path.rename(away)
    assert isinstance(raised(lambda: in_file.insert([event(2)])), LiveGoneError)
    assert isinstance(raised(in_file.check), LiveGoneError)
    assert isinstance(raised(lambda: in_file.activity("ana", None, 0)), LivePausedError)
    assert not path.exists(), "an empty store in its place would be taken for it"
    away.rename(path)
    in_file.check()
    in_file.insert([event(3)])
    assert stored(in_file) == ["event-1", "event-3"]


def test_a_file_in_whose_place_another_came(in_file: LiveStore, path: Path) -> None:
    with opened(f"sqlite:///{path.with_name('other.db')}") as other:
        other.erase("ana")
    path.with_name("other.db").replace(path)
    for leftover in ("live.db-wal", "live.db-shm"):
        path.with_name(leftover).unlink(missing_ok=True)
    assert isinstance(raised(in_file.check), LiveGoneError)
    wait_for(lambda: checked(in_file))
    assert in_file.held("ana").erased is not None, "with the key of the new file"


def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)
    store = LiveStore(f"sqlite:///{path}", QUICK)
    assert isinstance(raised(store.check), LiveBrokenError)
    assert path.read_bytes() == b"no database at all" * 1000


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    return Connections(monkeypatch)


def test_what_cannot_be_opened_leaves_no_connection_open(path: Path, connections: Connections) -> None:
    path.write_bytes(b"no database at all" * 1000)
    raised(LiveStore(f"sqlite:///{path}", QUICK).check)
    assert (connections.made, connections.open) == (1, 0)


def test_tables_that_cannot_be_upgraded_leave_no_connection_open(path: Path, connections: Connections) -> None:
    with opened(f"sqlite:///{path}"), closing(sqlite3.connect(path)) as newer:
        newer.execute("UPDATE live_version SET version_num = '9999'")
        newer.commit()
    store = LiveStore(f"sqlite:///{path}", QUICK)
    assert isinstance(raised(store.check), LiveSchemaError)
    assert connections.open == 0


def test_reads_that_fail_leave_no_connection_open(connections: Connections, in_file: LiveStore, path: Path) -> None:
    whole = fill_with_events(in_file, path)
    path.write_bytes(b"\xff" * len(whole))
    assert isinstance(raised(lambda: in_file.activity("ana", None, 0)), LiveBrokenError)
    assert connections.open == 0


def test_connections_that_are_in_use_when_the_store_is_closed_are_closed_after_it(
    connections: Connections, in_file: LiveStore
) -> None:
    def work(connection: sa.Connection) -> None:
        in_file.close()

    events = in_file.events(0, 1)
    database = in_file._database
    database.write(work)
    assert connections.open == 0
    arm = database._arm

    def arm_and_close(connection: Any, seconds: float) -> None:
        arm(connection, seconds)
        in_file.close()

    database._arm = arm_and_close  # type: ignore[method-assign]
    assert [found.event_id for found in events] == ["event-1"]
    assert connections.open == 0


def test_a_file_that_is_damaged(in_file: LiveStore, path: Path) -> None:
    whole = fill_with_events(in_file, path)
    damage(path, whole)
    assert isinstance(raised(lambda: in_file.activity("ana", None, 0)), LiveBrokenError)
    assert isinstance(raised(lambda: in_file.insert([event(2000)])), LiveBrokenError)


def test_reads_that_fail_in_a_row_are_refused_until_the_store_is_back(in_file: LiveStore, path: Path) -> None:
    whole = fill_with_events(in_file, path)
    damage(path, whole)
    for _ in range(FAILURES):
        assert isinstance(raised(lambda: in_file.activity("ana", None, 0)), LiveBrokenError)
    assert isinstance(raised(lambda: in_file.activity("ana", None, 0)), LivePausedError)
    path.write_bytes(whole)
    assert isinstance(raised(lambda: in_file.activity("ana", None, 0)), LivePausedError)
    in_file.check()
    assert len(in_file.activity("ana", None, 0).looks) == MAX_LOOKS


def fill_with_events(store: LiveStore, path: Path) -> bytes:
    """The file's bytes, all of them, with many events."""
    store.insert([event(number) for number in range(2, 1000)])
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def damage(path: Path, whole: bytes) -> None:
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


# PostgreSQL


def test_a_server_that_is_silent(server: Server, on_server: LiveStore) -> None:
    with server.frozen():
        assert isinstance(raised(lambda: on_server.activity("ana", None, 0)), LiveTimeoutError)
        assert isinstance(raised(lambda: on_server.insert([event(2)])), LiveTimeoutError)
        assert isinstance(raised(on_server.check), LiveTimeoutError)
    wait_for(lambda: checked(on_server))
    assert len(on_server.activity("ana", None, 0).looks) >= 1
    wait_for(lambda: accepted(on_server, 3))
    assert {"event-1", "event-3"} <= set(stored(on_server))


def checked(store: LiveStore) -> bool:
    try:
        store.check()
    except LiveUnavailableError:
        return False
    return True


def test_a_server_that_stops_and_comes_back(server: Server, on_server: LiveStore) -> None:
    server.stop()
    for operation in every_operation(on_server):
        raised(operation)
    raised(on_server.check)
    for operation in every_operation(on_server):
        assert isinstance(raised(operation), LivePausedError), "not asked again before it is back"
    server.start()
    wait_for(lambda: checked(on_server))
    wait_for(lambda: accepted(on_server, 3))
    assert stored(on_server) == ["event-1", "event-3"]


def test_connections_that_the_server_ended_are_no_failure(server: Server, on_server: LiveStore) -> None:
    on_server.activity("ana", None, 0)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert len(on_server.activity("ana", None, 0).looks) == 1
    assert on_server.insert([event(2)]).accepted == 1


def test_a_writer_that_holds_up_all_others(server: Server, on_server: LiveStore) -> None:
    with psycopg.connect(server.url) as other:
        other.execute("UPDATE live_state SET seq = seq")
        assert isinstance(raised(lambda: on_server.insert([event(2)])), LiveTimeoutError)
        assert len(on_server.activity("ana", None, 0).looks) == 1
    assert on_server.insert([event(2)]).accepted == 1


def test_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        store = LiveStore(f"postgresql://shop:secret@127.0.0.1:{bound.getsockname()[1]}/shop", QUICK)
        error = raised(store.check)
    assert "refused" in str(error)
    assert "secret" not in repr(error)


def test_a_port_that_accepts_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        store = LiveStore(f"postgresql://shop:secret@127.0.0.1:{mute.getsockname()[1]}/shop", QUICK)
        assert isinstance(raised(store.check), LiveTimeoutError)


def test_a_database_of_another_encoding(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    store = LiveStore(server.url.replace("/postgres", "/latin"), QUICK)
    error = raised(store.check)
    store.close()
    assert "its encoding is LATIN1, and ids need UTF8" in str(error)


def test_an_account_that_is_refused(server: Server) -> None:
    url = server.url.replace("shop@", "nobody:secret@")
    error = raised(LiveStore(url, QUICK).check)
    assert "nobody" in str(error)
    assert "secret" not in str(error)

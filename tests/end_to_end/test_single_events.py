"""A shop that sends each event by itself: many in one transaction, each on the disk before it is answered."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event

import pytest

from artifacts.publishing.store import Store
from tests.support.gunicorn_service import DEADLINE_SECONDS, Service, ask, running, wait_for

CLIENTS = 4
EVENTS = 150  # of each client


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


@pytest.fixture
def alone(tiny_store: Store, tmp_path: Path, path: Path) -> Iterator[Service]:
    """A service of one worker."""
    with running(tiny_store.root, tmp_path, LIVE_URL=f"sqlite:///{path}") as service:
        yield service


def body(event_id: str) -> dict[str, object]:
    event = {"event_id": event_id, "type": "view", "user_id": event_id, "item_id": "I000"}
    return {"events": [{**event, "time": datetime.now(UTC).isoformat()}]}


def send(service: Service, client: int, n_events: int, stop: Event) -> list[str]:
    """One event after the other; answers those that were acknowledged, until the service is gone."""
    acknowledged = []
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)) as connection:
        for number in range(n_events):
            if stop.is_set():
                break
            with suppress(OSError, HTTPException):
                reply = ask(connection, "POST", "/v1/events", body(f"{client}-{number}"))
                if reply.status == 202:
                    acknowledged.append(f"{client}-{number}")
    return acknowledged


def rows(path: Path, text: str) -> list[tuple[str]]:
    """Of the database past the service; none while its tables are being made."""
    with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.OperationalError):
        return connection.execute(text).fetchall()
    return []


def test_single_events_of_several_clients_share_transactions(alone: Service, path: Path) -> None:
    with ThreadPoolExecutor(CLIENTS) as clients:
        sent = [*clients.map(lambda client: send(alone, client, EVENTS, Event()), range(CLIENTS))]
    assert [len(of_client) for of_client in sent] == [EVENTS] * CLIENTS
    # What one transaction stores was received at the same moment.
    transactions = rows(path, "SELECT DISTINCT received FROM live_events")
    assert len(transactions) < 0.9 * CLIENTS * EVENTS


def test_what_was_acknowledged_survives_a_kill(tiny_store: Store, tmp_path: Path, path: Path) -> None:
    stop = Event()
    with (
        ThreadPoolExecutor(CLIENTS) as clients,
        running(tiny_store.root, tmp_path, WORKERS="2", LIVE_URL=f"sqlite:///{path}") as service,
    ):
        senders = [clients.submit(send, service, client, 100_000, stop) for client in range(CLIENTS)]
        wait_for(lambda: len(rows(path, "SELECT seq FROM live_events")) > 100)
        workers = service.workers()
        for process in (service.pid, *workers):
            os.kill(process, signal.SIGKILL)
        stop.set()
    acknowledged = {event_id for sender in senders for event_id in sender.result()}
    stored = {event_id for (event_id,) in rows(path, "SELECT event_id FROM live_events")}
    assert len(acknowledged) > 50
    assert acknowledged <= stored
    assert len(stored - acknowledged) <= CLIENTS, "of each client one may have been under way"

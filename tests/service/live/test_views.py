"""The requests that write to the live store, through gunicorn, on SQLite and PostgreSQL."""

import json
import os
import re
import secrets
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from statistics import median
from threading import Event
from time import monotonic
from typing import Any

import pytest

from artifacts.live.database import Patience
from artifacts.publishing.store import Store
from service import limits
from service.http.keys import Scope, create_key
from tests.support.gunicorn_service import DEADLINE_SECONDS, Reply, Service, ask, every_worker, running, wait_for
from tests.support.live_events import connect, opened, rows
from tests.support.postgres import Server, running_server

pytestmark = pytest.mark.integration

NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('live')}/live.db"
    server: Server = request.getfixturevalue("postgres_server")
    return server.create_database(f"service_{secrets.token_hex(8)}")


@pytest.fixture(scope="module")
def live(url: str, tiny_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tiny_store.root, tmp_path_factory.mktemp("service"), WORKERS="2", LIVE_URL=url) as service:
        yield service


def in_minutes(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def event(event_id: str, **fields: Any) -> dict[str, Any]:
    known = {"type": "view", "user_id": "u1", "item_id": "I001", "time": in_minutes(-1)}
    given = {**known, **fields}
    return {"event_id": event_id, **{name: value for name, value in given.items() if value is not ...}}


def send(service: Service, *events: object) -> Reply:
    return service.post("/v1/events", {"events": events})


def taken(reply: Reply) -> dict[str, Any]:
    assert reply.status == 202, reply.body
    assert reply.headers["Cache-Control"] == "private, no-store"
    body: dict[str, Any] = reply.json
    assert body.pop("request_id") == reply.headers["X-Request-ID"]
    return body


def fields_of(reply: Reply) -> dict[str, str]:
    assert reply.status == 400, reply.body
    return {error["field"]: error["message"] for error in reply.json["errors"]}


def held(service: Service, user_id: str) -> dict[str, Any]:
    reply = service.get(f"/v1/users/{user_id}/data")
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "private, no-store"
    body: dict[str, Any] = reply.json
    return body


# Events


def test_events_are_taken_once(live: Service) -> None:
    first = event("once-1", user_id="reader", type="purchase", quantity=2, price=3.5, request_id="answer-7")
    second = event("once-2", user_id=..., session_id="s1")
    assert taken(send(live, first, second)) == {"accepted": 2, "duplicates": [], "errors": []}
    assert taken(send(live, second, first)) == {"accepted": 0, "duplicates": ["once-2", "once-1"], "errors": []}
    (kept,) = held(live, "reader")["events"]
    received = datetime.fromisoformat(kept.pop("received_at"))
    assert abs(received - datetime.now(UTC)) < timedelta(minutes=5)
    assert datetime.fromisoformat(kept.pop("time")) == datetime.fromisoformat(first["time"])
    assert kept == {
        "event_id": "once-1",
        "type": "purchase",
        "item_id": "I001",
        "quantity": 2.0,
        "price": 3.5,
        "request_id": "answer-7",
    }


def test_good_events_are_stored_beside_bad_ones(live: Service) -> None:
    reply = send(live, event("beside-1"), event("beside-2", type="buy"), event("beside-1"), "nonsense")
    assert taken(reply) == {
        "accepted": 1,
        "duplicates": ["beside-1"],
        "errors": [
            {
                "index": 1,
                "field": "type",
                "message": "Input should be 'view', 'cart', 'purchase', 'return', 'impression' or 'click'",
                "event_id": "beside-2",
            },
            {"index": 3, "field": "body", "message": "Input should be a valid dictionary or instance of EventBody"},
        ],
    }


def test_of_bad_events_alone_nothing_is_taken(live: Service) -> None:
    reply = send(live, event("bad-1", user_id=...), event("bad-2", item_id=..., price=-1), 5)
    assert fields_of(reply) == {
        "events[0].session_id": "either user_id or session_id is needed, not both",
        "events[1].item_id": "is required",
        "events[1].price": "Input should be greater than or equal to 0",
        "events[2]": "Input should be a valid dictionary or instance of EventBody",
    }


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"event_id": ""}, "event_id", "at least 1 character"),
        ({"event_id": "x" * 257}, "event_id", "at most 256 characters"),
        ({"item_id": "a\0b"}, "item_id", "must not hold the NUL character"),
        ({"user_id": 5}, "user_id", "valid string"),
        ({"session_id": "s"}, "session_id", "not both"),
        ({"user_id": None}, "session_id", "either user_id or session_id"),
        ({"quantity": 0}, "quantity", "greater than 0"),
        ({"quantity": 10**30}, "quantity", "less than or equal to 1000000"),
        ({"quantity": 10**4000}, "quantity", ""),
        ({"quantity": True}, "quantity", "valid number"),
        ({"price": float("nan")}, "price", ""),
        ({"price": float("inf")}, "price", ""),
        ({"price": "3"}, "price", "valid number"),
        ({"request_id": "x" * 129}, "request_id", "at most 128 characters"),
        ({"time": ...}, "time", "is required"),
        ({"time": "2026-01-31T12:00:00"}, "time", "timezone"),
        ({"time": "yesterday"}, "time", "should be a date and time with its offset from UTC"),
        ({"time": "2026-13-31T12:00:00Z"}, "time", "month value is outside"),
        ({"time": 1769860800}, "time", "should be a date and time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time", ""),
        ({"time": in_minutes(60)}, "time", "is more than 300 seconds in the future"),
        ({"time": in_minutes(-60 * 24 * 31)}, "time", "is more than 30 days ago"),
        ({"colour": "red"}, "colour", "is not a known parameter"),
    ],
)
def test_bad_events(live: Service, fields: dict[str, Any], field: str, message: str) -> None:
    problems = fields_of(send(live, event(**{"event_id": "bad", **fields})))
    assert list(problems) == [f"events[0].{field}"]
    assert message in problems[f"events[0].{field}"]


@pytest.mark.parametrize(
    "fields",
    [
        {"time": in_minutes(4)},
        {"time": in_minutes(-60 * 24 * 29)},
        {"time": datetime.now(timezone(timedelta(hours=-9))).isoformat()},
        {"item_id": "\U0001f600/%00\\'"},
        {"quantity": 0.001, "price": 0},
        {"session_id": None},
    ],
)
def test_good_events(live: Service, fields: dict[str, Any]) -> None:
    assert taken(send(live, event(f"good-{sorted(fields)}-{fields.get('time')}", **fields)))["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b'{"events": {}}', "events"),
        (b'{"events": []}', "events"),
        (b"{}", "events"),
        (b'{"events": [{"event_id": "\xff"}]}', "body"),
        (b'{"events": [{"event_id": "\\ud800"}]}', "body"),
        (b'{"events": [{"quantity": 1' + b"0" * 5000 + b"}]}", "body"),
        (b'{"events": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", "body"),
        (json.dumps({"events": [event(str(number)) for number in range(1001)]}).encode(), "events"),
    ],
)
def test_a_body_that_holds_no_events(live: Service, body: bytes, field: str) -> None:
    assert list(fields_of(live.post("/v1/events", body))) == [field]


def test_a_thousand_events_at_once(live: Service) -> None:
    many = [event(f"many-{number}") for number in range(limits.MAX_EVENTS)]
    assert taken(send(live, *many))["accepted"] == limits.MAX_EVENTS
    assert taken(
        send(
            live,
            *many,
        )
    )["duplicates"] == [one["event_id"] for one in many]


# Items


def test_an_item_is_changed_field_by_field(live: Service) -> None:
    said = live.ask("PUT", "/v1/items/a%2Fb", {"available": False, "price": 3})
    assert said.status == 200
    assert said.json == {
        "request_id": said.headers["X-Request-ID"],
        "item_id": "a/b",
        "available": False,
        "price": 3.0,
        "title": None,
        "category": None,
        "image_url": None,
        "product_url": None,
    }
    again = live.ask("PUT", "/v1/items/a%2Fb", {"price": None, "title": "Mug", "category": "Kitchen"}).json
    assert (again["available"], again["price"], again["title"], again["category"]) == (False, None, "Mug", "Kitchen")


@pytest.mark.parametrize(
    ("target", "body", "field"),
    [
        ("/v1/items/a", {}, "body"),
        ("/v1/items/a", [], "body"),
        ("/v1/items/a", b"{", "body"),
        ("/v1/items/a", {"item_id": "a", "price": 1}, "item_id"),
        ("/v1/items/a", {"available": "yes"}, "available"),
        ("/v1/items/a", {"price": -1}, "price"),
        ("/v1/items/a", {"price": 10**400}, "price"),
        ("/v1/items/a", {"category": ""}, "category"),
        ("/v1/items/a", {"title": "\0"}, "title"),
        ("/v1/items/a", {"title": "x" * 1001}, "title"),
        ("/v1/items/a", {"image_url": "x" * 2049}, "image_url"),
        ("/v1/items/a", {"colour": "red", "price": 1}, "colour"),
        ("/v1/items/%00", {"price": 1}, "item_id"),
        ("/v1/items/%FF", {"price": 1}, "item_id"),
        ("/v1/items/a?price=1", {"price": 1}, "price"),
    ],
)
def test_bad_changes_of_an_item(live: Service, target: str, body: object, field: str) -> None:
    assert list(fields_of(live.ask("PUT", target, body))) == [field]


def test_items_line_by_line(live: Service, url: str) -> None:
    lines = [b'{"item_id": "line-%d", "available": true}' % number for number in range(2500)]
    lines[7] = b'{"item_id": "line-7"}'
    lines[1500] = b"nonsense"
    lines[2000] = b""
    reply = live.ask("PUT", "/v1/items", b"\n".join(lines), NDJSON)
    assert reply.status == 200
    assert reply.json == {
        "request_id": reply.headers["X-Request-ID"],
        "accepted": 2497,
        "refused": 2,
        "errors": [
            {
                "line": 8,
                "field": "body",
                "message": "one of available, price, title, category, image_url, product_url is needed",
            },
            {"line": 1501, "field": "body", "message": "Invalid JSON: expected ident at line 1 column 2"},
        ],
    }
    with opened(url) as store:
        assert len([item for item in store.changes_since(0).items if item.item_id.startswith("line-")]) == 2497


@pytest.mark.parametrize(
    ("body", "field"),
    [(b"", "body"), (b"\n\n", "body"), (b"nonsense\n", "line 1: body"), (b'\n{"item_id": 1}', "line 2: item_id")],
)
def test_lines_of_which_none_can_be_used(live: Service, body: bytes, field: str) -> None:
    assert field in fields_of(live.ask("PUT", "/v1/items", body, NDJSON))


def test_lines_of_another_kind(live: Service) -> None:
    reply = live.ask("PUT", "/v1/items", b"{}", {"Content-Type": "application/json"})
    assert (reply.status, reply.headers["Accept"]) == (415, "application/x-ndjson")


def test_lines_in_chunks_up_to_the_limit(live: Service) -> None:
    line = b'{"item_id": "chunked", "title": "' + b"x" * 900 + b'"}\n'
    per_chunk = 64 * 1024 // len(line)
    sent = put_in_chunks(live, [line * per_chunk] * 4)
    assert (sent.status, sent.json["accepted"]) == (200, 4 * per_chunk)
    too_many = limits.MAX_ITEMS_BODY_BYTES // (len(line) * per_chunk) + 1
    assert put_in_chunks(live, [line * per_chunk] * too_many).status == 413


def put_in_chunks(service: Service, chunks: list[bytes]) -> Reply:
    connection = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)
    try:
        connection.request("PUT", "/v1/items", iter(chunks), NDJSON, encode_chunked=True)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


# Users


def test_a_user_is_told_all_and_forgotten(live: Service) -> None:
    assert taken(send(live, event("u2-1", user_id="u2"), event("u2-2", user_id="u2", type="cart")))["accepted"] == 2
    kept = live.ask("PUT", "/v1/users/u2/preferences", {"personalized": False})
    assert (kept.status, kept.json["personalized"]) == (200, False)
    told = held(live, "u2")
    assert [found["event_id"] for found in told["events"]] == ["u2-1", "u2-2"]
    assert (told["personalized"], told["erased_at"]) == (False, None)
    bought = {item["item_id"] for item in told["trained"]["items"]}
    assert bought
    assert all(int(item[1:]) % 2 == 0 for item in bought), "an even user of the tiny shop buys even items"
    assert told["trained"]["model_version"] == live.get("/v1/model").json["version"]

    erased = live.ask("DELETE", "/v1/users/u2")
    assert (erased.status, erased.json["events_deleted"]) == (200, 2)
    told = held(live, "u2")
    assert told.pop("request_id")
    assert told == {
        "user_id": "u2",
        "events": [],
        "personalized": None,
        "erased_at": erased.json["erased_at"],
        "trained": None,
    }
    late = taken(send(live, event("u2-1", user_id="u2"), event("u2-3", user_id="u3")))
    assert late == {
        "accepted": 1,
        "duplicates": [],
        "errors": [
            {
                "index": 0,
                "event_id": "u2-1",
                "field": "time",
                "message": "is from before this user's data was erased",
            }
        ],
    }
    assert taken(send(live, event("u2-4", user_id="u2", time=in_minutes(1))))["accepted"] == 1
    assert len(held(live, "u2")["events"]) == 1


def test_of_nobody_nothing_is_held(live: Service) -> None:
    told = held(live, "nobody")
    assert (told["events"], told["personalized"], told["trained"]) == ([], None, None)
    assert live.ask("DELETE", "/v1/users/nobody").json["events_deleted"] == 0


@pytest.mark.parametrize("body", [{}, {"personalized": "no"}, {"personalized": None}, {"personalized": 0}])
def test_bad_preferences(live: Service, body: object) -> None:
    assert list(fields_of(live.ask("PUT", "/v1/users/u1/preferences", body))) == ["personalized"]


def test_what_happened_is_logged_and_counted_without_ids(live: Service) -> None:
    names = ["Secretive", "Hidden", "Discreet"]
    send(live, event("Hidden-1", user_id="Secretive", item_id="Discreet", type="return"), event("Hidden-2", type="?"))
    live.get("/v1/users/Secretive/data")
    live.ask("PUT", "/v1/items/Discreet", {"available": True})
    live.ask("DELETE", "/v1/users/Secretive")
    deleted = wait_for(lambda: [line for line in live.lines() if line.get("method") == "DELETE"])
    assert deleted[-1]["route"] == "/v1/users/<user_id>"
    written = live.out.read_text() + live.err.read_text()
    assert not [name for name in names if name in written]
    assert metric(live, 'aisle_live_events_total{type="return"}') >= 1
    assert metric(live, "aisle_live_degraded") == 0


def metric(service: Service, name: str) -> float:
    text = service.get("/metrics").body.decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, name
    return float(found[1])


# Without it, and when it goes


def test_without_a_live_store(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path) as service:
        for method, target, body in (
            ("POST", "/v1/events", {"events": [event("1")]}),
            ("PUT", "/v1/items/a", {"price": 1}),
            ("DELETE", "/v1/users/u1", None),
            ("GET", "/v1/users/u1/data", None),
            ("PUT", "/v1/users/u1/preferences", {"personalized": True}),
        ):
            reply = service.ask(method, target, body)
            assert (reply.status, reply.headers["Retry-After"]) == (503, None)
            assert reply.json["detail"] == "no live store is configured: set LIVE_URL"
        assert service.get("/v1/users/u1/recommendations").json["fallback"] is None
        assert "degraded" not in service.get("/health/ready").json


def degraded(service: Service) -> bool:
    reply = service.get("/health/ready")
    assert reply.status == 200
    return bool(reply.json.get("degraded") == ["live"])


def test_a_store_that_goes_and_comes_back(tiny_store: Store, tmp_path: Path) -> None:
    path, away = tmp_path / "live.db", tmp_path / "away.db"
    with running(tiny_store.root, tmp_path, LIVE_URL=f"sqlite:///{path}") as service:
        assert taken(send(service, event("1")))["accepted"] == 1
        path.rename(away)
        refused = send(service, event("2"))
        assert (refused.status, refused.headers["Retry-After"]) == (503, "2")
        assert refused.json["detail"].startswith("the live store is not available (")
        wait_for(lambda: degraded(service))
        assert metric(service, "aisle_live_degraded") == 1
        assert service.get("/v1/users/u1/recommendations").status == 200
        away.rename(path)
        wait_for(lambda: not degraded(service))
        assert taken(send(service, event("1"), event("2"))) == {"accepted": 1, "duplicates": ["1"], "errors": []}
        assert metric(service, 'aisle_live_failures_total{reason="gone"}') >= 1
    logged = [line["event"] for line in service.lines() if line.get("event", "").startswith("live_")]
    assert "live_unavailable" in logged
    assert logged[-1] == "live_available"


@dataclass
class Traffic:
    """Customers who go on while the store comes and goes."""

    service: Service
    acknowledged: list[str] = field(default_factory=list)
    refused: list[Reply] = field(default_factory=list)
    answered: list[tuple[Reply, float]] = field(default_factory=list)  # and how many seconds that took
    enough: Event = field(default_factory=Event)

    def buy(self) -> None:
        for number in count():
            if self.enough.wait(0.005):
                return
            reply = send(self.service, event(f"traffic-{number}"))
            if reply.status == 202:
                self.acknowledged.append(f"traffic-{number}")
            else:
                self.refused.append(reply)

    def look(self) -> None:
        connection = HTTPConnection("127.0.0.1", self.service.port, timeout=DEADLINE_SECONDS)
        while not self.enough.wait(0.005):
            start = monotonic()
            reply = ask(connection, "GET", "/v1/users/u1/recommendations")
            self.answered.append((reply, monotonic() - start))
        connection.close()

    def wait_for_more(self, replies: list[Any], n: int) -> None:
        """Until `n` more are in one of the lists."""
        goal = len(replies) + n
        wait_for(lambda: len(replies) >= goal)

    def __enter__(self) -> "Traffic":
        self._clients = ThreadPoolExecutor(3)
        self._going = [self._clients.submit(act) for act in (self.buy, self.look, self.look)]
        return self

    def __exit__(self, *_: object) -> None:
        self.enough.set()
        self._clients.shutdown()
        for going in self._going:
            going.result()


def goes_on(worker: HTTPConnection, degraded: bool) -> bool:
    """Whether a worker answers with all that was told before, and says whether it has to do without the store."""
    answers = {who: ask(worker, "GET", f"/v1/users/{who}/recommendations?limit=100").json for who in ("u1", "u4", "u6")}
    answers["popular"] = ask(worker, "GET", "/v1/popular?limit=100").json
    answers["nobody"] = ask(worker, "GET", "/v1/users/nobody/recommendations?limit=100").json
    items = {name: [item["item_id"] for item in answer["items"]] for name, answer in answers.items()}
    return (
        all(answer.get("degraded") == (["live"] if degraded else None) for answer in answers.values())
        and not any("I001" in found for found in items.values())
        and [answers[who]["fallback"] for who in ("u1", "u4", "u6")] == [None, "unknown_user", "not_personalized"]
        and items["u4"] == items["nobody"]
    )


@pytest.mark.slow
def test_a_server_that_is_taken_away_and_brought_back_under_load(tiny_store: Store, tmp_path: Path) -> None:
    """First it is silent, then gone. Nothing that was acknowledged is lost, and nobody waits."""
    with (
        running_server() as server,
        running(tiny_store.root, tmp_path, WORKERS="2", LIVE_URL=server.url) as service,
        every_worker(service) as workers,
    ):
        assert service.ask("DELETE", "/v1/users/u4").status == 200
        assert service.ask("PUT", "/v1/users/u6/preferences", {"personalized": False}).status == 200
        assert service.ask("PUT", "/v1/items/I001", {"available": False}).status == 200
        with Traffic(service) as traffic:
            for outage in (server.frozen, server.away):
                wait_for(lambda: all(goes_on(worker, degraded=False) for worker in workers.values()))
                assert metric(service, "aisle_live_degraded") == 0
                with outage():
                    wait_for(lambda: metric(service, "aisle_live_degraded") == 2)
                    first = len(traffic.answered)
                    assert degraded(service)
                    assert all(goes_on(worker, degraded=True) for worker in workers.values())
                    traffic.wait_for_more(traffic.answered, 100)
                    traffic.wait_for_more(traffic.refused, 5)
                    meanwhile = traffic.answered[first:]
                wait_for(lambda: metric(service, "aisle_live_degraded") == 0)
                traffic.wait_for_more(traffic.acknowledged, 20)
                assert {reply.json["degraded"][0] for reply, _ in meanwhile} == {"live"}
                assert median(seconds for _, seconds in meanwhile) < Patience().read
        assert service.ask("PUT", "/v1/items/I001", {"available": True}).status == 200
        wait_for(lambda: not any(goes_on(worker, degraded=False) for worker in workers.values()))
        assert {reply.status for reply, _ in traffic.answered} == {200}
        assert {(reply.status, reply.headers["Retry-After"]) for reply in traffic.refused} == {(503, "2")}
        told = [found["event_id"] for found in held(service, "u1")["events"]]
        assert set(traffic.acknowledged) <= set(told)
        assert len(told) == len(set(told))
        assert metric(service, 'aisle_live_failures_total{reason="timeout"}') >= 1
    assert not [line for line in service.lines() if line.get("event") == "error"]
    slowest = max(seconds for _, seconds in traffic.answered)
    print(f"{len(traffic.answered)} answers, the slowest in {slowest:.3f} s; {len(traffic.acknowledged)} events")


def test_a_newer_schema_is_left_alone_and_said(tiny_store: Store, tmp_path: Path, live_url: str) -> None:
    with opened(live_url) as store:
        store.erase("u1")
    with connect(live_url) as connection:
        connection.exec_driver_sql("UPDATE live_version SET version_num = '9999'")
    with running(tiny_store.root, tmp_path, LIVE_URL=live_url) as service:
        wait_for(lambda: degraded(service))
        refused = send(service, event("1"))
        assert (refused.status, refused.headers["Retry-After"]) == (503, "2")
        assert service.get("/v1/users/u1/recommendations").status == 200
        (said,) = wait_for(lambda: [line for line in service.lines() if line.get("event") == "live_unavailable"])
        assert said["reason"] == "schema"
        assert "made by a newer release" in said["error"]
    assert rows(live_url, "SELECT version_num FROM live_version") == [("9999",)]
    assert rows(live_url, "SELECT count(*) FROM live_events") == [(0,)]


def test_what_was_acknowledged_survives_kill_9(tiny_store: Store, tmp_path: Path, live_url: str) -> None:
    """Of several clients that send as fast as they can, none gets a 202 for what is not there afterwards."""
    acknowledged: list[str] = []

    def keep_sending(service: Service, client: int) -> None:
        number = 0
        while True:
            names = [f"{client}-{number}-{place}" for place in range(10)]
            try:
                reply = send(service, *(event(name) for name in names))
            except (OSError, HTTPException):
                return
            assert reply.status == 202
            acknowledged.extend(names)
            number += 1

    with (
        ThreadPoolExecutor(4) as clients,
        running(tiny_store.root, tmp_path, WORKERS="2", LIVE_URL=live_url) as service,
    ):
        sending = [clients.submit(keep_sending, service, client) for client in range(4)]
        wait_for(lambda: len(acknowledged) > 200)
        for process in [*service.workers(), service.pid]:
            os.kill(process, signal.SIGKILL)
        for sent in sending:
            sent.result(DEADLINE_SECONDS)
    with opened(live_url) as store:
        found = [kept.event_id for kept in store.events(0, store.watermark())]
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))


def test_a_key_to_write_is_a_key_of_its_own(tiny_store: Store, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    tokens = {scope: create_key(keys, scope, frozenset({scope})) for scope in Scope}
    with running(
        tiny_store.root, tmp_path, API_KEYS_FILE=str(keys), LIVE_URL=f"sqlite:///{tmp_path}/live.db"
    ) as service:

        def status(scope: Scope, method: str, target: str, body: object = None) -> int:
            return service.ask(method, target, body, {"Authorization": f"Bearer {tokens[scope]}"}).status

        for scope in Scope:
            allowed = scope is Scope.WRITE
            assert status(scope, "POST", "/v1/events", {"events": [event(scope)]}) == (202 if allowed else 403)
            assert status(scope, "GET", "/v1/users/u1/data") == (200 if allowed else 403)
            assert status(scope, "DELETE", "/v1/users/u9") == (200 if allowed else 403)
            assert status(scope, "PUT", "/v1/items/a", {"price": 1}) == (200 if allowed else 403)
            assert status(scope, "PUT", "/v1/users/u9/preferences", {"personalized": True}) == (200 if allowed else 403)
        assert status(Scope.WRITE, "GET", "/v1/popular") == 403
        assert service.post("/v1/events", {"events": [event("1")]}).status == 401

"""Versions are taken up by a running service without a failed request."""

import json
import resource
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from threading import Event

import pytest

from artifacts.publishing.store import Store
from tests.support.gunicorn_service import DEADLINE_SECONDS, Service, ask, running, wait_for
from tests.support.versions import copy_of, corrupt, publish_again

CLIENTS = 4
VERSIONS = 5
Request = tuple[str, str, dict[str, object] | None]
REQUESTS: list[Request] = [
    ("GET", "/v1/users/u1/recommendations", None),
    ("GET", "/v1/items/I000/cross-sell", None),
    ("GET", "/v1/items/I001/similar", None),
    ("POST", "/v1/recommendations", {"recent_items": ["I003"], "explain": True}),
    ("POST", "/v1/rank", {"user_id": "u2", "items": ["I000", "I001"]}),
]


@pytest.fixture
def store(tiny_store: Store, tmp_path: Path) -> Store:
    return copy_of(tiny_store, tmp_path / "store")


def serving(service: Service) -> set[str]:
    """The versions that answer now, each worker asked many times over."""
    return {service.get("/health/ready").json["model_version"] for _ in range(20)}


def ask_until(service: Service, enough: Event, answered: set[str]) -> Counter[tuple[int, str]]:
    """Ask over one connection until told to stop; count answers by status and version, and note each version at once:
    all connections may be with one worker, and the other take a version up first."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)
    seen: Counter[tuple[int, str]] = Counter()
    while not enough.is_set():
        for request in REQUESTS:
            reply = ask(connection, *request)
            version = reply.json.get("model_version")
            seen[reply.status, version] += 1
            answered.add(version)
            assert reply.json["items"]
    connection.close()
    return seen


def test_versions_in_a_row_fail_no_request(store: Store, tmp_path: Path) -> None:
    versions, answered = [store.current()], set[str]()
    with running(store.root, tmp_path, WORKERS="2") as service, ThreadPoolExecutor(CLIENTS) as clients:
        enough = Event()
        try:
            loads = [clients.submit(ask_until, service, enough, answered) for _ in range(CLIENTS)]
            for hours in range(1, VERSIONS):
                versions.append(publish_again(store, hours))
                wait_for(lambda: serving(service) == {versions[-1]} and versions[-1] in answered)
            store.rollback()
            wait_for(lambda: serving(service) == {versions[-2]})
        finally:
            enough.set()
        seen = sum((load.result() for load in loads), Counter())
    failed = {answer: count for answer, count in seen.items() if answer[0] != 200}
    assert failed == {}
    assert {version for _, version in seen} == set(versions)


def place_corrupt(store: Store, elsewhere: Path) -> str:
    """Make a version current that was broken before it came to the store."""
    other = copy_of(store, elsewhere)
    version = publish_again(other, 1)
    corrupt(other, version)
    shutil.copytree(other.path(version), store.root / "versions" / version)
    (store.root / "current").write_text(version)
    return version


def test_a_corrupt_version_is_never_served(store: Store, tmp_path: Path) -> None:
    first = store.current()
    with running(store.root, tmp_path, WORKERS="2") as service:
        second = place_corrupt(store, tmp_path / "elsewhere")
        refused = wait_for(
            lambda: (lines := [line for line in service.lines() if line.get("event") == "model_refused"])[1:] and lines
        )
        assert {line["model_version"] for line in refused} == {second}
        assert "users.factors.npy" in refused[0]["error"]
        assert serving(service) == {first}
        metrics = service.get("/metrics").body.decode()
        assert "aisle_reload_refusals_total 2.0" in metrics
        store.rollback(to=first)
        third = publish_again(store, 2)
        wait_for(lambda: serving(service) == {third})
    assert {line["model_version"] for line in service.lines() if "model_version" in line} >= {third}
    events = [line for line in service.lines() if line.get("event") == "model_refused"]
    assert len(events) == 2, "each worker says it once"


def test_a_version_that_is_copied_after_current_is_taken_up_by_all_workers(store: Store, tmp_path: Path) -> None:
    other = copy_of(store, tmp_path / "elsewhere")
    version = publish_again(other, 1)
    with running(store.root, tmp_path, WORKERS="2") as service:
        assert "aisle_model_behind 0.0" in service.get("/metrics").body.decode()
        place = store.root / "versions" / version
        shutil.copytree(other.path(version), place, ignore=shutil.ignore_patterns("users.factors.npy"))
        (store.root / "current").write_text(version)
        wait_for(lambda: len(refusals(service)) == 2)
        wait_for(lambda: "aisle_model_behind 2.0" in service.get("/metrics").body.decode())
        shutil.copy2(other.path(version) / "users.factors.npy", place)
        wait_for(lambda: "aisle_model_behind 0.0" in service.get("/metrics").body.decode())
        assert serving(service) == {version}


def test_a_version_is_taken_up_once_there_are_file_descriptors_again(store: Store, tmp_path: Path) -> None:
    with running(store.root, tmp_path) as service:
        (worker,) = service.workers()
        used = max(int(path.name) for path in Path(f"/proc/{worker}/fd").iterdir())
        soft, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (used + 2, hard))  # for one file more, and no memory map
        version = publish_again(store, 1)
        wait_for(lambda: version in {line["model_version"] for line in refusals(service)})
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (soft, hard))
        wait_for(lambda: answers_with(service, version))


def refusals(service: Service) -> list[dict[str, object]]:
    return [line for line in service.lines() if line.get("event") == "model_refused"]


def answers_with(service: Service, version: str) -> bool:
    try:
        return bool(service.get("/health/ready").json["model_version"] == version)
    except OSError:
        return False


def test_the_first_version_makes_a_waiting_service_ready(store: Store, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    with running(empty, tmp_path, ready=False) as service:
        reply = service.get("/health/ready")
        assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
        assert reply.json["detail"] == "no model is published yet"
        asked = service.get("/v1/popular")
        assert (asked.status, asked.headers["Retry-After"]) == (503, "5")
        assert service.get("/v1/popular?limit=x").status == 400
        copy_of(store, empty)
        wait_for(lambda: service.get("/health/ready").status == 200)
        assert service.get("/v1/popular").json["model_version"] == store.current()


def maps(pid: int, version: Path) -> bool:
    """Whether a process holds files of a version."""
    return f"{version}/" in Path(f"/proc/{pid}/maps").read_text()


def test_an_old_version_is_let_go_of_by_every_kind_of_answer(store: Store, tmp_path: Path) -> None:
    first = store.current()
    with running(store.root, tmp_path) as service:
        (worker,) = service.workers()
        assert maps(worker, store.path(first))
        refused: list[Request] = [("POST", "/v1/cross-sell", {"items": []}), ("GET", "/v1/popular?limit=x", None)]
        for request in [*REQUESTS, *refused]:
            service.ask(*request)
        second = publish_again(store, 1)
        wait_for(lambda: serving(service) == {second})
        wait_for(lambda: not maps(worker, store.path(first)))
        assert maps(worker, store.path(second))


def test_a_stream_is_of_one_version(store: Store, tmp_path: Path) -> None:
    first, users = store.current(), ["u1", "u2"] * 500
    with running(store.root, tmp_path) as service:
        connection = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)
        sent = {"user_ids": users, "limit": 100, "explain": True, "repeat": "allow"}
        connection.request(
            "POST", "/v1/batch/recommendations", json.dumps(sent).encode(), {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        beginning = response.readline()
        second = publish_again(store, 1)
        wait_for(lambda: serving(service) == {second})
        (worker,) = service.workers()
        assert maps(worker, store.path(first)), "what the stream is read from"
        assert maps(worker, store.path(second))
        lines = [beginning, *response.read().splitlines()]
        connection.close()
        wait_for(lambda: not maps(worker, store.path(first)))
    assert len(lines) == len(users)
    assert all(f'"model_version":"{first}"'.encode() in line for line in lines)

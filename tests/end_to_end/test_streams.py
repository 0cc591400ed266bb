"""Batches are streams: they hold a thread each, so only so many run at once and nobody else waits for them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from tests.support.gunicorn_service import DEADLINE_SECONDS, Service, running, wait_for

USERS = ["u1", "u2"] * 1000
LONG = {"user_ids": USERS, "limit": 100, "explain": True, "repeat": "allow"}


@contextmanager
def unread_stream(service: Service, connections: type[HTTPConnection] = HTTPConnection) -> Iterator[HTTPConnection]:
    """A batch whose beginning is read and whose rest fills the socket's buffers."""
    connection = connections("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)
    connection.request(
        "POST", "/v1/batch/recommendations", json.dumps(LONG).encode(), {"Content-Type": "application/json"}
    )
    response = connection.getresponse()
    assert response.status == 200
    assert json.loads(response.readline())["user_id"] == "u1"
    try:
        yield connection
    finally:
        response.close()
        connection.close()


def small_batch(service: Service) -> int:
    return service.post("/v1/batch/recommendations", {"user_ids": ["u1"]}).status


def test_more_streams_than_there_is_room_for_are_told_to_wait(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path, THREADS="4") as service:
        with unread_stream(service):
            with unread_stream(service):
                reply = service.post("/v1/batch/recommendations", {"user_ids": ["u1"]})
                assert reply.status == 429
                assert reply.headers["Retry-After"] == "1"
                assert reply.headers["Content-Type"] == "application/problem+json"
                assert reply.json["title"] == "Too Many Requests"
                assert service.get("/v1/popular").status == 200
            wait_for(lambda: small_batch(service) == 200)
        wait_for(lambda: small_batch(service) == 200)


class OldConnection(HTTPConnection):
    """One of who knows no chunks, as proxies are by default."""

    _http_vsn = 10
    _http_vsn_str = "HTTP/1.0"


@pytest.mark.parametrize("connections", [HTTPConnection, OldConnection])
def test_a_reader_that_leaves_is_logged_and_forgotten(
    tiny_store: Store, tmp_path: Path, connections: type[HTTPConnection]
) -> None:
    with running(tiny_store.root, tmp_path, THREADS="2") as service:
        with unread_stream(service, connections):
            assert small_batch(service) == 429
        wait_for(lambda: small_batch(service) == 200)
        streams = wait_for(lambda: [line for line in service.lines() if line.get("answered", 0)])
        assert streams[0]["route"] == "/v1/batch/recommendations"
        assert streams[0]["answered"] < 100 * len(USERS)
        assert "Traceback" not in service.err.read_text()

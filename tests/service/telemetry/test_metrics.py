import os
import signal
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from artifacts.publishing.manifest import parse_created
from artifacts.publishing.store import Store
from tests.support.gunicorn_service import Service, ask, running, wait_for

pytestmark = pytest.mark.integration

WORKERS = 2
USER_ROUTE = "/v1/users/<user_id>/recommendations"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scraped(service: Service) -> Samples:
    text = service.get("/metrics").body.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def requests_by(samples: Samples, **labels: str) -> float:
    return samples.get(("aisle_requests_total", tuple(sorted(labels.items()))), 0)


@pytest.fixture
def watched(tiny_store: Store, tmp_path: Path) -> Iterator[Service]:
    """A service that only this test asks."""
    with running(tiny_store.root, tmp_path, WORKERS=str(WORKERS)) as service:
        yield service


def counted(service: Service, requests: int) -> Samples:
    """The metrics with so many requests, each of which is counted just after its answer is sent."""

    def all_counted() -> Samples | None:
        samples = scraped(service)
        asked = [
            value for (name, labels), value in samples.items() if name == "aisle_requests_total" and of_api(labels)
        ]
        return samples if sum(asked) == requests else None

    samples: Samples = wait_for(all_counted)
    return samples


def of_api(labels: tuple[tuple[str, str], ...]) -> bool:
    return dict(labels)["route"] not in {"/metrics", "/health/ready", "/health/live"}


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    stat = Path(f"/proc/{pid}/stat")
    wait_for(lambda: not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_counts_hold_over_workers_and_outlive_them(watched: Service) -> None:
    asked = 40
    for number in range(asked):
        assert watched.get(f"/v1/users/u{number}/recommendations?limit=2").status == 200
        assert watched.get("/v1/users/u1/recommendations?limit=no").status == 400
    before = counted(watched, 2 * asked)
    good = {"route": USER_ROUTE, "method": "GET", "status": "200"}
    assert requests_by(before, **good) == asked
    assert requests_by(before, **{**good, "status": "400"}) == asked
    assert before["aisle_request_seconds_count", tuple(sorted(good.items()))] == asked
    assert before["aisle_answers_total", (("source", "als"),)] == 2 * asked

    killed = watched.workers()[0]
    kill(killed)
    wait_for(lambda: killed not in watched.workers() and len(watched.workers()) == WORKERS)
    after = scraped(watched)
    assert requests_by(after, **good) == asked
    assert after["aisle_answers_total", (("source", "als"),)] == 2 * asked


def test_the_service_goes_on_when_a_worker_is_killed(watched: Service) -> None:
    first, second = wait_for(lambda: len(found := watched.workers()) == WORKERS and found)
    kill(first)
    replies = [watched.get("/v1/popular?limit=1").status for _ in range(50)]
    assert replies == [200] * 50
    (replacement,) = wait_for(lambda: set(watched.workers()) - {first, second})
    assert replacement
    assert second in watched.workers()


def test_fallbacks_and_unknown_routes(watched: Service) -> None:
    for _ in range(3):
        watched.get("/v1/users/nobody/recommendations?limit=1")
        watched.get("/v1/nowhere/at/all")
        watched.ask("BREW", "/v1/popular")
    samples = counted(watched, 9)
    assert samples["aisle_fallbacks_total", (("fallback", "unknown_user"),)] == 3
    assert samples["aisle_answers_total", (("source", "popular"),)] == 3
    assert requests_by(samples, route="unmatched", method="GET", status="404") == 3
    assert requests_by(samples, route="unmatched", method="other", status="405") == 3


def test_the_model_served_and_its_age(watched: Service, tiny_store: Store) -> None:
    version = tiny_store.current()
    served = ("aisle_model_info", (("version", version),))
    samples = wait_for(lambda: (found := scraped(watched))[served] == WORKERS and found)
    assert [key for key in samples if key[0] == "aisle_model_info"] == [served]
    created = parse_created(tiny_store.verify(version).created).timestamp()
    assert samples["aisle_model_created_seconds", ()] == created
    assert samples["aisle_model_age_seconds", ()] >= 0
    assert samples["aisle_reloads_total", ()] == 0
    assert samples["aisle_reload_refusals_total", ()] == 0


def test_a_stream_is_measured_to_its_end(watched: Service) -> None:
    connection = HTTPConnection("127.0.0.1", watched.port)
    body = {"user_ids": ["u1"] * 500, "limit": 3}
    assert len(ask(connection, "POST", "/v1/batch/recommendations", body).body.splitlines()) == 500
    connection.close()
    labels = {"route": "/v1/batch/recommendations", "method": "POST", "status": "200"}
    samples = wait_for(lambda: (found := scraped(watched)) and requests_by(found, **labels) and found)
    assert samples["aisle_answers_total", (("source", "als"),)] == 1500
    (line,) = wait_for(lambda: [line for line in watched.lines() if line.get("route") == labels["route"]])
    assert line["answered"] == 1500

"""How many events a second the service takes where each is sent by itself, by several clients: with its live store in
SQLite, every one on the disk before it is answered."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from artifacts.model.model import Model, open_model
from benchmarks.load import SECONDS, put_load
from benchmarks.part import Bench, Part
from benchmarks.server import AISLE, Server, serving, wait_until_answered
from benchmarks.stores import find_store, without_ranker
from benchmarks.table import Row, Target, at_least
from benchmarks.workload import user_target

SEED = 0
CLIENTS = 4
WORKERS = "2"


@dataclass(frozen=True)
class Sending:
    """How many events a request holds, and how many such requests a second are more than are taken, so that none is
    sent twice."""

    name: str
    batch: int
    requests_a_second: int
    target: Target  # events a second


SENDINGS = (
    Sending(f"single events by {CLIENTS} clients", 1, 10_000, at_least(1_000)),
    Sending(f"events in batches of 1,000 by {CLIENTS} clients", 1_000, 50, at_least(3_000)),
)


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Rows of the shop of a size. Raises BenchError where an event is refused, or wrk is missing."""
    with TemporaryDirectory(prefix="events-", dir=bench.directory) as name:
        directory = Path(name)
        store = without_ranker(find_store(bench, size), directory / "plain")
        model = open_model(store.current_path())
        url = f"sqlite:///{directory}/live.db"
        with serving(AISLE, store.root, directory / "service", WORKERS=WORKERS, LIVE_URL=url) as server:
            wait_until_answered(server, user_target("any"))
            for sending in SENDINGS:
                rates = _rates(server, _bodies(model, sending), directory, bench.rounds)
                what = f"{sending.name}, with SQLite, {WORKERS} workers"
                yield Row(
                    PART.name, size, what, "/s", tuple(rate * sending.batch for rate in rates), target=sending.target
                )


def _rates(server: Server, bodies: Iterator[list[str]], directory: Path, rounds: int) -> Iterator[float]:
    """Requests a second, round by round."""
    requests = directory / "requests.tsv"
    for of_round in islice(bodies, rounds):
        requests.write_text("".join(f"POST\t/v1/events\t{body}\n" for body in of_round), encoding="utf-8")
        yield put_load(server.port, requests, CLIENTS).throughput


def _bodies(model: Model, sending: Sending) -> Iterator[list[str]]:
    """More than are taken in a round, for one round after the other."""
    rng = np.random.default_rng(SEED)
    for number in count():
        yield [
            _body(model, rng, sending.batch, f"{sending.batch}-{number}-{place}")
            for place in range(sending.requests_a_second * SECONDS)
        ]


def _body(model: Model, rng: np.random.Generator, batch: int, name: str) -> str:
    users = rng.integers(0, len(model.user_ids), batch).tolist()
    items = rng.integers(0, len(model.item_ids), batch).tolist()
    events = [
        {
            "event_id": f"{name}-{place}",
            "type": "view",
            "user_id": model.user_ids[user],
            "item_id": model.item_ids[item],
            "time": datetime.now(UTC).isoformat(),
        }
        for place, (user, item) in enumerate(zip(users, items, strict=True))
    ]
    return json.dumps({"events": events})


PART = Part("events", "events a second that the service takes, single and in batches, with SQLite", ("S",), measure)

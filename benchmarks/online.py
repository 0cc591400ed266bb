"""The service under load, side by side with its floor: latency and throughput of every kind of request."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from artifacts.model import Model, open_model
from benchmarks.floor import CONSTANT
from benchmarks.load import Load, put_load
from benchmarks.part import Bench, Part
from benchmarks.server import AISLE, FLOOR, Server, answers, serving, wait_for
from benchmarks.stores import find_store, without_ranker
from benchmarks.table import Row, Target, at_least, at_most
from benchmarks.workload import Reply, Request, Workload, check, user_target

N_REQUESTS = 2_000
SECONDS = 2
CONNECTIONS = (1, 8)
SEED = 0
# What the issue of speed asks for, of the plain request: by size and connections.
MEDIAN_TARGETS = {("S", 1): at_most(1.5), ("M", 1): at_most(1.8), ("L", 1): at_most(2.5)}
P99_TARGETS = {("S", 1): at_most(1.5)}
THROUGHPUT_TARGETS = {("S", 8): at_least(0.7)}


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Rows of the shop of a size."""
    store = find_store(bench, size)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="aisle-bench-")))
        plain = without_ranker(store, directory / "plain")
        model = open_model(plain.current_path())
        aisle = stack.enter_context(serving(AISLE, plain.root, directory / "aisle"))
        wait_for(lambda: answers(aisle, "/health/ready"))
        workload = Workload("plain", [Request(user_target(user)) for user in _users(model)])
        reply = check(aisle, workload)
        requests = workload.save(directory)
        floor = stack.enter_context(_floor(reply, plain.root, directory / "floor"))
        for connections in CONNECTIONS:
            loads = _alternate({"aisle": aisle, "floor": floor}, requests, connections, bench.rounds)
            yield from _rows(size, "plain", connections, loads["aisle"], loads["floor"])


def _users(model):
    rng = np.random.default_rng(SEED)
    chosen = rng.choice(len(model.user_ids), min(N_REQUESTS, len(model.user_ids)), replace=False)
    return [model.user_ids[index] for index in chosen.tolist()]


def _floor(reply: Reply, store: Path, directory: Path):
    directory.mkdir()
    constant = directory / "constant.json"
    sent = [(n, v) for n, v in reply.headers if n not in {"Server", "Date", "Connection", "Content-Length"}]
    constant.write_text(json.dumps({"headers": sent, "body": reply.body.decode()}))
    return serving(FLOOR, store, directory, **{CONSTANT: str(constant)})


def _alternate(servers: Mapping[str, Server], requests: Path, connections: int, rounds: int) -> dict[str, list[Load]]:
    loads: dict[str, list[Load]] = {name: [] for name in servers}
    for number in range(rounds + 1):
        for name, server in servers.items():
            load = put_load(server.port, requests, connections, SECONDS)
            if number:
                loads[name].append(load)
    return loads


def _rows(size, what, connections, ours: list[Load], theirs: list[Load]) -> Iterator[Row]:
    for metric, unit in (("median", "ms"), ("p99", "ms"), ("throughput", "/s")):
        yield Row("online", size, f"{what}, {connections}: {metric}", unit,
            tuple(getattr(l, metric) for l in ours), tuple(getattr(l, metric) for l in theirs))

"""The service under load, side by side with its floor and its peers: latency and throughput by kind of request."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from benchmarks.floor import CONSTANT
from benchmarks.kinds import everything, find_narrowing, of_users, variants
from benchmarks.load import Load, put_load
from benchmarks.part import Bench, Part
from benchmarks.peers import FAISS_SERVICE, PEER_FILE, TUTORIAL, save_peers
from benchmarks.server import AISLE, FLOOR, Server, serving, wait_until_answered
from benchmarks.stores import SIZES, find_store, without_ranker
from benchmarks.table import Row, Target, at_least, at_most
from benchmarks.workload import ITEMS, Reply, Workload, check, count_short, user_target

# What is shown by the number of connections: with one, throughput says what the median does.
METRICS = {1: ("median", "p99"), 8: ("throughput", "p99")}
SEED = 0
N_OF_PEER = 200
# Which worker takes how many of eight connections is chance, up to all of them: with one, rounds can be compared.
WORKERS = "1"
# What gunicorn adds by itself.
ADDED_HEADERS = {"Server", "Date", "Connection", "Content-Length"}
SERVICE, RANKER, BARE = "service", "service with its ranker", "floor"
PEERS = {"implicit's model in Flask": TUTORIAL, "FAISS in Flask": FAISS_SERVICE}
UNITS = {"median": "ms", "p99": "ms", "throughput": "/s"}
# Of the plain request alone.
_AIMED_AT = ("plain", SERVICE, BARE)
TARGETS: Mapping[tuple[str, int, str], Target] = {
    ("S", 1, "median"): at_most(1.5),
    ("M", 1, "median"): at_most(1.8),
    ("L", 1, "median"): at_most(2.5),
    ("S", 1, "p99"): at_most(1.5),
    ("S", 8, "throughput"): at_least(0.7),
}

Servers = Mapping[str, Server]
Loads = Mapping[str, list[Load]]


@dataclass(frozen=True)
class Shop:
    """A shop of a size: its version as it was trained, and without the ranker, the same where it has none.

    `rounds` is how often it is put under load, `directory` is for files of the run.
    """

    size: str
    trained: Store
    plain: Store
    model: Model
    rounds: int
    directory: Path


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Rows of the shop of a size. Raises BenchError where an answer is short, or wrk is missing."""
    trained = find_store(bench, size)
    with TemporaryDirectory(prefix="online-", dir=bench.directory) as name, ExitStack() as stack:
        directory = Path(name)
        plain = without_ranker(trained, directory / "plain")
        shop = Shop(size, trained, plain, open_model(plain.current_path()), bench.rounds, directory)
        rng = np.random.default_rng(SEED)
        workload = of_users("plain", shop.model, rng, everything(shop.model))
        servers = {name: stack.enter_context(starting) for name, starting in _contestants(shop)}
        for server in servers.values():
            wait_until_answered(server, workload.requests[0].target)
        yield from _beside_the_floor(shop, servers, workload)
        for variant in variants(shop.model, rng):
            yield from _beside_the_floor(shop, {SERVICE: servers[SERVICE]}, variant)
        yield from _short_answers(shop, servers, rng)


def _contestants(shop: Shop) -> Iterator[tuple[str, AbstractContextManager[Server]]]:
    yield SERVICE, _serving(shop, AISLE, SERVICE)
    if shop.trained != shop.plain:
        yield RANKER, serving(AISLE, shop.trained.root, shop.directory / RANKER, WORKERS=WORKERS)
    pickled = shop.directory / "peers.pickle"
    save_peers(shop.model, pickled)
    for name, app in PEERS.items():
        yield name, _serving(shop, app, name, **{PEER_FILE: str(pickled)})


def _floor(shop: Shop, reply: Reply) -> AbstractContextManager[Server]:
    """The floor that answers what the service did: as many bytes, the same headers."""
    constant = shop.directory / "constant.json"
    headers = [header for header in reply.headers if header[0] not in ADDED_HEADERS]
    constant.write_text(json.dumps({"headers": headers, "body": reply.body.decode()}), encoding="utf-8")
    return _serving(shop, FLOOR, BARE, **{CONSTANT: str(constant)})


def _serving(shop: Shop, app: str, name: str, **settings: str) -> AbstractContextManager[Server]:
    return serving(app, shop.plain.root, shop.directory / name, WORKERS=WORKERS, **settings)


def _beside_the_floor(shop: Shop, servers: Servers, workload: Workload) -> Iterator[Row]:
    """All of the service's answers checked, then rows of it for each number of connections."""
    replies = {
        name: check(server, _for_peer(workload) if name in PEERS else workload) for name, server in servers.items()
    }
    requests = workload.save(shop.directory)
    with _floor(shop, replies[SERVICE]) as floor:
        wait_until_answered(floor, user_target("any"))
        for connections in METRICS:
            loads = in_turns({BARE: floor, **servers}, requests, connections, shop.rounds)
            yield from _rows(shop.size, workload.name, connections, loads)


def _for_peer(workload: Workload) -> Workload:
    """Enough to see that a peer answers at all: in a large shop it takes its time."""
    return replace(workload, requests=workload.requests[:N_OF_PEER])


def in_turns(servers: Servers, requests: Path, connections: int, rounds: int) -> Loads:
    """Loads by server, one a round, after one that does not count."""
    loads: dict[str, list[Load]] = {name: [] for name in servers}
    for _ in range(rounds + 1):
        for name, server in servers.items():
            loads[name].append(put_load(server.port, requests, connections))
    return {name: found[1:] for name, found in loads.items()}


def _rows(size: str, what: str, connections: int, loads: Loads) -> Iterator[Row]:
    pairs = [(name, BARE) for name in (SERVICE, RANKER) if name in loads]
    pairs += [(SERVICE, name) for name in PEERS if name in loads]
    asked = f"{what}, {connections} connection{'s' if connections > 1 else ''}"
    for ours, theirs in pairs:
        for metric in METRICS[connections]:
            yield Row(
                part=PART.name,
                size=size,
                name=f"{asked}: {metric}, {ours} / {theirs}",
                unit=UNITS[metric],
                values=tuple(getattr(load, metric) for load in loads[ours]),
                against=tuple(getattr(load, metric) for load in loads[theirs]),
                target=TARGETS.get((size, connections, metric)) if (what, ours, theirs) == _AIMED_AT else None,
            )


def _short_answers(shop: Shop, servers: Servers, rng: np.random.Generator) -> Iterator[Row]:
    """How many answers behind a filter are short of items that exist, of the service and of who filters afterwards."""
    narrowing = find_narrowing(shop.model)
    if narrowing is None:
        return
    workload = _for_peer(of_users(narrowing.name, shop.model, rng, narrowing))
    for name in (SERVICE, "FAISS in Flask"):
        share = 100 * count_short(servers[name], workload) / len(workload.requests)
        yield Row(
            PART.name, shop.size, f"{workload.name}: answers with fewer than {ITEMS} items, {name}", "%", (share,)
        )


PART = Part("online", "latency and throughput of the service, against its floor and its peers", SIZES, measure)

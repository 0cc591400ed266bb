"""Many connections that are kept, beside clients that are slow and without them: no error, and about the same p99."""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import numpy as np

from artifacts.model.model import open_model
from benchmarks.kinds import everything, of_users
from benchmarks.load import Load, put_load
from benchmarks.part import Bench, Part
from benchmarks.server import AISLE, Server, answers, serving, wait_for
from benchmarks.slow_clients import slow_clients
from benchmarks.stores import find_store
from benchmarks.table import Row, at_most
from benchmarks.workload import check

SEED = 0
SECONDS = 60
N_SLOW = 50
CONNECTIONS = (64, 256)
TARGET = at_most(2.0)


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Rows of the shop of a size, each a minute with and one without. Raises BenchError where a request failed."""
    store = find_store(bench, size)
    model = open_model(store.current_path())
    workload = of_users("plain", model, np.random.default_rng(SEED), everything(model))
    with (
        TemporaryDirectory(prefix="company-", dir=bench.directory) as name,
        serving(AISLE, store.root, Path(name)) as server,
    ):
        wait_for(lambda: _all_serve(server))
        check(server, workload)
        requests = workload.save(Path(name))
        for connections in CONNECTIONS:
            alone = _load(server, requests, connections, 0)
            beside = _load(server, requests, connections, N_SLOW)
            yield Row(
                PART.name,
                size,
                f"{connections} connections for {SECONDS} s: p99, beside {N_SLOW} slow clients / without",
                "ms",
                (beside.p99,),
                (alone.p99,),
                TARGET,
            )


def _all_serve(server: Server) -> bool:
    """Whether every worker has taken the version up: until then it answers 503."""
    if not answers(server, "/metrics"):
        return False
    with urlopen(f"http://127.0.0.1:{server.port}/metrics") as reply:  # this machine's
        serving_it = re.findall(r"^aisle_model_info\{.*\} (\d+)", reply.read().decode(), re.MULTILINE)
    return sum(map(int, serving_it)) == len(server.processes()) - 1


def _load(server: Server, requests: Path, connections: int, n_slow: int) -> Load:
    with slow_clients(server.port, n_slow) if n_slow else nullcontext():
        return put_load(server.port, requests, connections, SECONDS)


PART = Part("company", "many connections beside slow clients", ("S",), measure)

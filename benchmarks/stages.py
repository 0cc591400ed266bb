"""Where the processor time of a plain request goes: in gunicorn, in Flask, and in each step of the service."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from artifacts.model.model import open_model
from artifacts.publishing.store import Store
from benchmarks.kinds import everything, of_users
from benchmarks.load import SECONDS, put_load
from benchmarks.online import WORKERS
from benchmarks.part import Bench, BenchError, Part
from benchmarks.server import AISLE, ROOT, Server, serving
from benchmarks.stores import SIZES, find_store, without_ranker
from benchmarks.table import Row
from benchmarks.workload import check

SEED = 0
# What steps.py measures includes other steps of it.
INNER = {
    "person": ("id look-up",),
    "recommend": ("person", "query vector", "mask", "search"),
    "app": ("floor", "validation", "recommend", "serialisation", "metrics", "logging"),
    "request": ("app",),
}
NAMES = {
    "request": "sockets, HTTP, threads: gunicorn",
    "floor": "routing, request and response: Flask, as in the floor",
    "validation": "validation",
    "id look-up": "id look-up",
    "person": "user's history and vector",
    "query vector": "query vector",
    "mask": "mask",
    "search": "search",
    "recommend": "else in recommend",
    "serialisation": "serialisation",
    "metrics": "metrics",
    "logging": "log line",
    "app": "else in the app, and what steps take longer with cold caches",
}


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Rows of microseconds a request: all of it, then each stage, which add up to it."""
    trained = find_store(bench, size)
    with TemporaryDirectory(prefix="stages-", dir=bench.directory) as name:
        store = without_ranker(trained, Path(name) / "plain")
        found = {**_steps(store, bench.rounds), "request": _requests(store, Path(name), bench.rounds)}
    yield Row(PART.name, size, "processor time of a plain request, 1 connection", "µs", tuple(found["request"]))
    for step, name in NAMES.items():
        yield Row(PART.name, size, f"of that: {name}", "µs", own(step, found))


def own(step: str, found: Mapping[str, list[float]]) -> tuple[float, ...]:
    """What a step takes less what the steps within it take, round by round."""
    inner = [found[name] for name in INNER.get(step, ())]
    return tuple(whole - sum(parts) for whole, *parts in zip(found[step], *inner, strict=True))


def _steps(store: Store, rounds: int) -> dict[str, list[float]]:
    """What steps.py says, run as a worker is: one thread, metrics in files, the log to a file."""
    with TemporaryDirectory(prefix="steps-") as metrics:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        settings = {"ARTIFACTS_DIR": str(store.root), "PROMETHEUS_MULTIPROC_DIR": metrics}
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "benchmarks.steps", str(rounds)],
            cwd=ROOT,
            env={**os.environ, **threads, **settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise BenchError(f"the steps could not be measured: {done.stderr}")
    found: dict[str, list[float]] = json.loads(done.stderr)
    return found


def _requests(store: Store, directory: Path, rounds: int) -> list[float]:
    """Microseconds of a worker's processor time a request, under load from one connection."""
    model = open_model(store.current_path())
    workload = of_users("plain", model, np.random.default_rng(SEED), everything(model))
    with serving(AISLE, store.root, directory / "service", WORKERS=WORKERS) as server:
        check(server, workload)
        requests = workload.save(directory)
        return [_microseconds(server, requests) for _ in range(rounds + 1)][1:]


def _microseconds(server: Server, requests: Path) -> float:
    (worker,) = server.processes()[1:]
    before = _processor_seconds(worker)
    load = put_load(server.port, requests, connections=1)
    return (_processor_seconds(worker) - before) / (load.throughput * SECONDS) * 1e6


def _processor_seconds(pid: int) -> float:
    """User and system time of a process: proc_pid_stat(5), fields 14 and 15."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


PART = Part("stages", "where the processor time of a plain request goes", SIZES, measure)

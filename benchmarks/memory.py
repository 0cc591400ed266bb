"""How much memory each further worker takes, and what a reload takes."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import numpy as np

from artifacts.model.model import open_model
from artifacts.publishing.manifest import MANIFEST_NAME, REPORT_NAME, parse_created, read_manifest
from artifacts.publishing.store import Store
from benchmarks.footprint import maps, proportional_set
from benchmarks.kinds import everything, of_users
from benchmarks.load import put_load
from benchmarks.part import Bench, Part
from benchmarks.server import AISLE, Server, serving, wait_for, wait_until_answered
from benchmarks.stores import find_store, provenance
from benchmarks.table import Row, at_most
from benchmarks.workload import Workload, check

SEED = 0
CLIENTS = 8
MOST_WORKERS = 3
A_CONNECTION = 50  # requests
TARGET = {"L": at_most(60)}  # megabytes


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Rows of the shop of a size: workers, then reloads."""
    store = find_store(bench, size)
    model = open_model(store.current_path())
    workload = of_users("plain", model, np.random.default_rng(SEED), everything(model))
    with TemporaryDirectory(prefix="memory-", dir=bench.directory) as name:
        yield from _workers(bench, size, store, workload, Path(name))
        yield from _reloads(bench, size, store, workload, Path(name))


def _workers(bench: Bench, size: str, store: Store, workload: Workload, directory: Path) -> Iterator[Row]:
    taken = [_taken(store, workload, directory) for _ in range(bench.rounds)]
    first, *further = zip(*taken, strict=True)
    yield Row(PART.name, size, "proportional set: master and one worker", "MB", first)
    before = first
    for name, after in zip(("second", "third"), further, strict=True):
        added = tuple(now - then for now, then in zip(after, before, strict=True))
        yield Row(PART.name, size, f"proportional set: the {name} worker adds", "MB", added, target=TARGET.get(size))
        before = after


def _taken(store: Store, workload: Workload, directory: Path) -> list[float]:
    """Megabytes of the master and one worker, and of two and three: each joins a running service, so that what of the
    version's files was read before is not counted as its own. Measured after each answered some thousands of requests.
    """
    with serving(AISLE, store.root, directory / "service", WORKERS="1") as server:
        taken = []
        for n_workers in range(1, MOST_WORKERS + 1):
            _wait_for_workers(server, n_workers, store.current_path())
            _serve_some(server, workload)
            taken.append(proportional_set(server.processes()))
            os.kill(server.pid, signal.SIGTTIN)  # gunicorn: one worker more
        return taken


def _wait_for_workers(server: Server, n_workers: int, version: Path) -> None:
    """Until so many workers have opened a version."""
    wait_for(lambda: sum(maps(pid, version) for pid in server.processes()[1:]) == n_workers)


def _serve_some(server: Server, workload: Workload) -> None:
    """The workload twice, over so many connections that every worker gets some."""
    asked = workload.requests
    slices = [
        Workload(workload.name, asked[start : start + A_CONNECTION]) for start in range(0, len(asked), A_CONNECTION)
    ]
    with ThreadPoolExecutor(CLIENTS) as clients:
        for done in [clients.submit(check, server, part) for part in [*slices, *slices]]:
            done.result()


@dataclass(frozen=True)
class Sample:
    """What a service's workers hold at a moment: their memory in megabytes, and whether one has two versions mapped."""

    seconds: float
    megabytes: float
    both: bool


def _reloads(bench: Bench, size: str, store: Store, workload: Workload, directory: Path) -> Iterator[Row]:
    """A version taken up under load, back and forth between two that share no file."""
    twins, versions = _twins(store, directory / "twins")
    runs = []
    with serving(AISLE, twins.root, directory / "service") as server:
        wait_until_answered(server, "/health/ready")
        _serve_some(server, workload)
        for number in range(bench.rounds):
            to, back = versions[number % 2], versions[1 - number % 2]
            runs.append(_reload(server, twins, to, twins.path(back), workload.save(directory)))
    before, peak, after, both = zip(*runs, strict=True)
    yield Row(PART.name, size, "proportional set: peak of a reload / before it", "MB", peak, before)
    yield Row(PART.name, size, "proportional set: after a reload / before it", "MB", after, before)
    yield Row(PART.name, size, "two versions mapped in one worker during a reload", "s", both)


def _reload(server: Server, store: Store, to: str, old: Path, requests: Path) -> tuple[float, float, float, float]:
    """Megabytes before, at most and after; and for how many seconds a worker had two versions mapped."""
    enough = Event()
    with ThreadPoolExecutor(2) as background:
        load = background.submit(_load_until, enough, server, requests)
        before = proportional_set(server.processes())
        swap = background.submit(store.rollback, to)
        samples = _watch(server, old, store.path(to))
        swap.result()
        enough.set()
        load.result()
    after = proportional_set(server.processes())
    both = [sample.seconds for sample in samples if sample.both]
    return before, max(sample.megabytes for sample in samples), after, both[-1] - both[0] if both else 0.0


def _watch(server: Server, old: Path, new: Path) -> list[Sample]:
    """Samples until all workers have the new version mapped and none the old one."""
    samples: list[Sample] = []

    def done() -> bool:
        workers = server.processes()[1:]
        mapped = [(maps(pid, old), maps(pid, new)) for pid in workers]
        samples.append(Sample(time.monotonic(), proportional_set(server.processes()), (True, True) in mapped))
        return all(state == (False, True) for state in mapped)

    wait_for(done)
    return samples


def _load_until(enough: Event, server: Server, requests: Path) -> None:
    while not enough.is_set():
        put_load(server.port, requests, CLIENTS)


def _twins(store: Store, root: Path) -> tuple[Store, tuple[str, str]]:
    """A store with the current version twice, as copies, the second of them current."""
    current, twins, versions = store.current_path(), Store(root), []
    created = parse_created(read_manifest(current).created)
    for hours in range(2):
        with twins.draft() as draft:
            for path in current.iterdir():
                if path.name not in {MANIFEST_NAME, REPORT_NAME}:
                    shutil.copy(path, draft)
            later = (created + timedelta(hours=hours)).isoformat()
            versions.append(twins.publish(draft, provenance(current, created=later)))
    older, newer = versions
    return twins, (older, newer)


PART = Part("memory", "what further workers and reloads take", ("S", "L"), measure)

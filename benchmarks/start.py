"""How soon after its start the service is ready, and answers: with the version in the page cache, and from the disk."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from artifacts.model.model import open_model
from artifacts.publishing.store import Store
from benchmarks.footprint import drop_from_page_cache
from benchmarks.part import Bench, Part
from benchmarks.server import AISLE, serving, wait_until_answered
from benchmarks.stores import SIZES, find_store
from benchmarks.table import Row, at_most
from benchmarks.workload import Request, Workload, check, user_target

TARGET = {"L": at_most(2)}  # seconds


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Rows of the shop of a size, warm and cold."""
    store = find_store(bench, size)
    model = open_model(store.current_path())
    somebody = Workload("first answer", [Request(user_target(model.user_ids[len(model.user_ids) // 2]))])
    del model  # what is mapped stays in the page cache
    with TemporaryDirectory(prefix="start-", dir=bench.directory) as name:
        directory = Path(name)
        _start(store, somebody, directory)  # or the first round would not be warm
        warm = [_start(store, somebody, directory) for _ in range(bench.rounds)]
        yield from _rows(size, "page cache warm", warm)
        cold = [_cold_start(store, somebody, directory) for _ in range(bench.rounds)]
        yield from _rows(size, "page cache cold", cold)


def _rows(size: str, state: str, starts: list[tuple[float, float]]) -> Iterator[Row]:
    ready, answered = zip(*starts, strict=True)
    target = TARGET.get(size)
    yield Row(PART.name, size, f"from process start to ready, {state}", "s", ready, target=target)
    yield Row(PART.name, size, f"from process start to the first right answer, {state}", "s", answered, target=target)


def _cold_start(store: Store, somebody: Workload, directory: Path) -> tuple[float, float]:
    drop_from_page_cache(store.current_path())
    return _start(store, somebody, directory)


def _start(store: Store, somebody: Workload, directory: Path) -> tuple[float, float]:
    """Seconds from the start of the process until it says that it is ready, and until it has answered."""
    with serving(AISLE, store.root, directory) as server:
        wait_until_answered(server, "/health/ready")
        ready = time.perf_counter() - server.started
        check(server, somebody)
        return ready, time.perf_counter() - server.started


PART = Part("start", "seconds until the service is ready and answers", SIZES, measure)

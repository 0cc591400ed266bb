"""What `make train` takes end to end, against `implicit`'s own fit of the same matrix, and how it grows with the shop.

`make train` is timed as a process, from its start until the version is published: reading, cleaning, choosing the
recipe, evaluating it, fitting, writing. The gate is forced: whether a generated shop's recipe is good enough is no
question of time.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from artifacts.cpus import available_cpus
from artifacts.publishing.manifest import read_manifest
from artifacts.publishing.store import Store
from benchmarks import spark_peer
from benchmarks.part import Bench, BenchError, Part
from benchmarks.shops import make_data
from benchmarks.table import Row, at_most

SIZE, SMALLER = "M", "M3"  # 30 and 3 million interactions
TARGET, LINEAR = at_most(1.3), at_most(1.2)


@dataclass(frozen=True)
class Trained:
    """A run of `make train`: wall-clock `seconds`, `peak` resident bytes, interactions, and seconds by step."""

    seconds: float
    peak: int
    n_rows: int
    steps: dict[str, float]


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Rows of the shop of a size, one round each: a training takes minutes, and what a busy second adds is little."""
    bench.directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="training-", dir=bench.directory) as name:
        ours = _train(make_data(size, bench.directory), Path(name))
        fit = fit_seconds(Path(name))
    yield Row(PART.name, size, "make train / implicit's fit", "s", (ours.seconds,), (fit,), TARGET)
    yield Row(PART.name, size, "make train, peak memory", "MB", (ours.peak / 1e6,))
    for step, seconds in ours.steps.items():
        yield Row(PART.name, size, f"make train: {step}", "s", (seconds,))
    yield from _beside_a_smaller_shop(bench, size, ours)


def _beside_a_smaller_shop(bench: Bench, size: str, ours: Trained) -> Iterator[Row]:
    """How the time grows, and how long Spark takes for the smaller shop."""
    with TemporaryDirectory(prefix="training-", dir=bench.directory) as name:
        smaller = _train(make_data(SMALLER, bench.directory), Path(name))
        times = [run.seconds / run.n_rows * 1e6 for run in (ours, smaller)]
        grown = f"make train, time of an interaction / that of {SMALLER}"
        yield Row(PART.name, size, grown, "µs", (times[0],), (times[1],), LINEAR)
        yield from _spark(bench, Path(name))


def _train(data: Path, store: Path) -> Trained:
    command: list[str | Path] = [sys.executable, "-m", "training", "train", "--config", data / "shop.toml", "--quiet"]
    environment = {**os.environ, "ARTIFACTS_DIR": str(store)}
    start = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603
        [*command, "--force", "benchmark"], env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchError(f"make train of {data} ended with {process.returncode}")
    manifest = read_manifest(Store(store).current_path())
    steps = dict(sorted(manifest.seconds.items(), key=lambda step: -step[1]))
    return Trained(seconds, usage.ru_maxrss * 1024, int(manifest.data["rows"]), steps)


def fit_seconds(store: Path) -> float:
    """Seconds of implicit's fit, in a process of its own, of the current version's matrix with its settings."""
    command: list[str | Path] = [sys.executable, "-m", "benchmarks.training_cost", store]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return float(json.loads(done.stdout))


def _fit(store: Path) -> float:
    version = Store(store).current_path()
    settings = read_manifest(version).configuration["model"]
    matrix = read_matrix(version)
    with threadpool_limits(1, "blas"):  # it has threads of its own, and warns
        model = AlternatingLeastSquares(
            **{name: settings[name] for name in ("factors", "regularization", "alpha", "iterations")},
            num_threads=available_cpus(),
            random_state=settings["seed"],
        )
        start = time.perf_counter()
        model.fit(matrix, show_progress=False)
        return time.perf_counter() - start


def read_matrix(version: Path) -> csr_matrix:
    """(n_users, n_items) float32: what a version's factors were fitted on."""
    strength, items, indptr = (np.load(version / f"history.{name}.npy") for name in ("strength", "items", "indptr"))
    n_items = len(np.load(version / "items.vectors.npy", mmap_mode="r"))
    return csr_matrix((strength, items, indptr), (len(indptr) - 1, n_items))


def _spark(bench: Bench, store: Path) -> Iterator[Row]:
    """implicit's fit of the current version's matrix against Spark's."""
    python = spark_peer.set_up(bench.directory)
    if python is None:
        print("training: Spark could not be set up, it needs Java: left out", file=sys.stderr)
        return
    version = Store(store).current_path()
    settings = read_manifest(version).configuration["model"]
    spark = spark_peer.fit_seconds(python, read_matrix(version), settings, store / "spark")
    fit = fit_seconds(store)
    yield Row(PART.name, SMALLER, "implicit's fit / Spark MLlib's ALS in local mode", "s", (fit,), (spark,))


PART = Part("training", "make train against implicit's own fit, its memory and growth", (SIZE,), measure, serves=False)


if __name__ == "__main__":
    print(json.dumps(_fit(Path(sys.argv[1]))))

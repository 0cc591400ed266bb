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
from artifacts.manifest import read_manifest
from artifacts.store import Store
from benchmarks import spark_peer
from benchmarks.part import Bench, BenchError, Part
from benchmarks.shops import make_data
from benchmarks.table import Row, at_most

# A round of M takes minutes.
MAX_ROUNDS = {"M3": 5, "M": 1}
SMALLER = {"M": "M3"}
# Spark needs some twenty times as long as implicit.
SPARK_SIZES = ("M3",)
TARGET, LINEAR = at_most(1.3), at_most(1.2)


@dataclass(frozen=True)
class Trained:
    """A run of `make train`: wall-clock `seconds`, `peak` resident bytes, interactions, and seconds by step."""

    seconds: float
    peak: int
    n_rows: int
    steps: dict[str, float]


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Rows of the shop of a size."""
    bench.directory.mkdir(parents=True, exist_ok=True)
    rounds = [_round(bench, size) for _ in range(min(bench.rounds, MAX_ROUNDS[size]))]
    ours, fits, smaller = [one[0] for one in rounds], tuple(one[1] for one in rounds), [one[2] for one in rounds]
    seconds = tuple(run.seconds for run in ours)
    yield Row(PART.name, size, "make train / implicit's fit", "s", seconds, fits, TARGET)
    yield Row(PART.name, size, "make train, peak memory", "MB", tuple(run.peak / 1e6 for run in ours))
    if size in SMALLER:
        values, against = (
            tuple(run.seconds / run.n_rows * 1e6 for run in runs) for runs in (ours, [run for run in smaller if run])
        )
        name = f"make train, an interaction's time / that of {SMALLER[size]}"
        yield Row(PART.name, size, name, "µs", values, against, LINEAR)
    for step in ours[0].steps:
        yield Row(PART.name, size, f"make train: {step}", "s", tuple(run.steps[step] for run in ours))
    if size in SPARK_SIZES:
        yield _spark(bench, size, fits[0])


def _round(bench: Bench, size: str) -> tuple[Trained, float, Trained | None]:
    """A run, implicit's fit of what the run fitted, and a run on the smaller shop."""
    with TemporaryDirectory(prefix="training-", dir=bench.directory) as name:
        trained = _train(make_data(size, bench.directory), Path(name))
        fit = fit_seconds(Path(name))
    if size not in SMALLER:
        return trained, fit, None
    with TemporaryDirectory(prefix="training-", dir=bench.directory) as name:
        return trained, fit, _train(make_data(SMALLER[size], bench.directory), Path(name))


def _train(data: Path, store: Path) -> Trained:
    command = [sys.executable, "-m", "training", "train", "--config", data / "shop.toml", "--quiet"]
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
    command = [sys.executable, "-m", "benchmarks.training_cost", store]
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


def _spark(bench: Bench, size: str, fit: float) -> Row:
    """implicit's fit against Spark's of the same matrix: once, as it takes long."""
    python = spark_peer.set_up(bench.directory)
    name = "implicit's fit / Spark MLlib's ALS in local mode"
    if python is None:
        return Row(PART.name, size, f"{name}, which could not be set up (it needs Java)", "s", (0.0,))
    with TemporaryDirectory(prefix="training-", dir=bench.directory) as directory:
        _train(make_data(size, bench.directory), Path(directory) / "store")
        version = Store(Path(directory) / "store").current_path()
        settings = read_manifest(version).configuration["model"]
        spark = spark_peer.fit_seconds(python, read_matrix(version), settings, Path(directory))
    return Row(PART.name, size, name, "s", (fit,), (spark,))


PART = Part(
    "training", "make train against implicit's own fit, its memory and growth", tuple(MAX_ROUNDS), measure, serves=False
)


if __name__ == "__main__":
    print(json.dumps(_fit(Path(sys.argv[1]))))

"""Spark MLlib's ALS in local mode, in a virtual environment of its own. It needs Java.

`python spark_peer.py DIRECTORY` fits the matrix that `fit_seconds` saved and prints how many seconds that took.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

REQUIREMENTS = ("pyspark>=3.5,<4", "numpy<2.3", "setuptools<81")
MEMORY = "8g"


def set_up(directory: Path) -> Path | None:
    """The Python of an environment with Spark below `directory`, installed from the package index where it is not there
    yet; None where that fails or there is no Java."""
    if shutil.which("java") is None:
        return None
    home = directory / "spark"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS]
    ready = any(
        subprocess.run([*map(str, command)], check=False, capture_output=True).returncode == 0  # noqa: S603
        for command in ([python, "-c", "import pyspark"], install)
    )
    return python if ready else None


def fit_seconds(python: Path, matrix: Any, settings: Mapping[str, Any], directory: Path) -> float:
    """Seconds in which Spark fits a csr_matrix (n_users, n_items) with Aisle's settings; reading it does not count."""
    directory.mkdir(exist_ok=True)
    rows = matrix.tocoo()
    np.savetxt(directory / "ratings.csv", np.column_stack([rows.row, rows.col, rows.data]), "%d,%d,%.6g")
    task = {name: settings[name] for name in ("factors", "regularization", "alpha", "iterations", "seed")}
    (directory / "settings.json").write_text(json.dumps(task))
    done = subprocess.run([python, Path(__file__), directory], check=True, capture_output=True, text=True)  # noqa: S603
    return float(json.loads(done.stdout))


def _fit(directory: Path) -> float:
    from pyspark.ml.recommendation import ALS  # noqa: PLC0415  # of the other environment
    from pyspark.sql import SparkSession  # noqa: PLC0415

    settings = json.loads((directory / "settings.json").read_text())
    cores = len(os.sched_getaffinity(0))
    spark = (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.driver.memory", MEMORY)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    ratings = spark.read.csv(str(directory / "ratings.csv"), schema="user int, item int, rating float").cache()
    ratings.count()
    als = ALS(
        implicitPrefs=True,
        rank=settings["factors"],
        regParam=settings["regularization"],
        alpha=settings["alpha"],
        maxIter=settings["iterations"],
        seed=settings["seed"],
        numUserBlocks=cores,
        numItemBlocks=cores,
    )
    start = time.perf_counter()
    als.fit(ratings).userFactors.count()
    seconds = time.perf_counter() - start
    spark.stop()
    return seconds


if __name__ == "__main__":
    print(json.dumps(_fit(Path(sys.argv[1]))))

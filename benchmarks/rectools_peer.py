"""RecTools' ranker, in a virtual environment of its own: its pins conflict with those of Aisle.

`python rectools_peer.py DIRECTORY K` ranks what `rank_seconds` saved and prints how many seconds that took.
"""

import json
import subprocess
import sys
import time
import venv
from pathlib import Path

import numpy as np
import scipy.sparse

REQUIREMENT = "rectools>=0.19"


def set_up(directory: Path) -> Path | None:
    """The Python of an environment with RecTools below `directory`, installed from the package index where it is not
    there yet; None where that fails."""
    home = directory / "rectools"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIREMENT]
    ready = any(
        subprocess.run([*map(str, command)], check=False, capture_output=True).returncode == 0  # noqa: S603
        for command in ([python, "-c", "import rectools"], install)
    )
    return python if ready else None


def rank_seconds(python: Path, task: Path, k: int) -> float:
    """Seconds in which RecTools finds the k best for each query that `save_task` wrote to the directory `task`."""
    command: list[str | Path] = [python, Path(__file__), task, str(k)]
    return float(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))  # noqa: S603


def save_task(directory: Path, queries: np.ndarray, vectors: np.ndarray, bought: scipy.sparse.csr_matrix) -> Path:
    """Write the query vectors, the items' vectors, and what users bought."""
    directory.mkdir()
    np.save(directory / "queries.npy", queries)
    np.save(directory / "vectors.npy", vectors)
    scipy.sparse.save_npz(directory / "bought.npz", bought)
    return directory


def _rank(task: Path, k: int) -> float:
    from rectools.models.rank import Distance, ImplicitRanker  # noqa: PLC0415  # of the other environment
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    queries, vectors = np.load(task / "queries.npy"), np.load(task / "vectors.npy")
    bought = scipy.sparse.load_npz(task / "bought.npz")
    with threadpool_limits(1, "blas"):  # the ranker has threads of its own
        start = time.perf_counter()
        ranker = ImplicitRanker(Distance.DOT, queries, vectors)
        ranker.rank(np.arange(len(queries)), k, bought)
        return time.perf_counter() - start


if __name__ == "__main__":
    print(json.dumps(_rank(Path(sys.argv[1]), int(sys.argv[2]))))

"""Where a version comes from: what was read, by which code, with which libraries, when and for how long."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info
from tqdm import tqdm

from artifacts.publishing.manifest import Provenance
from training.config import Config
from training.interactions.dataset import Dataset
from training.interactions.interactions import Interactions

LIBRARIES = ("faiss-cpu", "implicit", "numpy", "polars", "scipy")
BRING_BLAS = ("faiss", "numpy", "scipy")


@dataclass
class Stopwatch:
    """Wall-clock seconds by step, in the order the steps ran; with `announce` each is a line on stderr as it begins."""

    announce: bool = False
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        if self.announce:
            tqdm.write(f"step: {name}", file=sys.stderr)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def describe(
    config: Config, interactions: Interactions, dataset: Dataset, metrics: dict[str, Any], seconds: dict[str, float]
) -> Provenance:
    """Everything the manifest says besides the files; the time is now."""
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data={
            "source": interactions.source,
            "found": list(interactions.found),
            "examples": dict(interactions.examples),
            "fingerprint": interactions.fingerprint,
            "rows": len(dataset.user),
            "from": _iso(int(dataset.time[0])),
            "to": _iso(dataset.until),
            "n_users": dataset.n_users,
            "n_items": dataset.n_items,
            "n_baskets": dataset.n_baskets,
            "newest": interactions.newest and interactions.newest.isoformat(),
            **interactions.live,
        },
        configuration=config.public(),
        libraries=describe_libraries(),
        git_commit=_git_commit(),
        cleaning=interactions.cleaning,
        metrics=metrics,
        seconds=seconds,
    )


def describe_libraries() -> dict[str, str]:
    """The libraries' versions, and for each BLAS that one of them brings also the kernel that it picked for this
    processor ("openblas of numpy": "0.3.30 Haswell"): by another kernel sums are rounded otherwise."""
    blas = {
        f"{one['internal_api']} of {_owner(Path(one['filepath']))}": f"{one['version']} {one.get('architecture', '')}"
        for one in threadpool_info()
        if one["user_api"] == "blas"
    }
    return {name: version(name) for name in LIBRARIES} | {name: text.strip() for name, text in blas.items()}


def _owner(library: Path) -> str:
    """Wheels keep what they bring in numpy.libs or numpy/.dylibs; elsewhere it is the system's."""
    near = library.parts[-3:-1]
    return next((name for name in BRING_BLAS if any(part.startswith(name) for part in near)), "the system")


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _git_commit() -> str | None:
    """The commit of the code that trains; None outside a checkout or without git."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return None
    return done.stdout.strip() or None

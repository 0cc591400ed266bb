"""Processor time of an answer from the published version, with the ranker and without it, in alternating rounds."""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"  # as the service's workers run

import numpy as np  # noqa: E402

from artifacts.config import artifacts_dir  # noqa: E402
from artifacts.errors import ArtifactError  # noqa: E402
from artifacts.forest import no_forest  # noqa: E402
from artifacts.model import Model, open_model  # noqa: E402
from artifacts.query import Query  # noqa: E402
from artifacts.recommend import recommend  # noqa: E402
from artifacts.store import Store  # noqa: E402
from benchmarks.machine import describe_machine  # noqa: E402

USERS = 1_000
ROUNDS = 7
SEED = 0
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Measure, print the table and write it to `benchmarks/results/`; 2 where nothing is published."""
    try:
        model = open_model(Store(artifacts_dir()).current_path())
    except ArtifactError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    rows = measure(model)
    shop = {"users": len(model.user_ids), "items": len(model.item_ids), "trees": len(model.forest)}
    print(f"processor microseconds an answer, {USERS} users, {ROUNDS} alternating rounds; {shop}")
    for name, values in rows.items():
        print(f"{name:24}" + "".join(f"{statistic:>8} {value:8.0f}" for statistic, value in values.items()))
    RESULTS.mkdir(exist_ok=True)
    found = {"measured": datetime.now(UTC).isoformat(timespec="seconds"), "machine": describe_machine()}
    (RESULTS / "answer_cost.json").write_text(
        json.dumps({**found, "shop": shop, "microseconds": rows}, indent=2) + "\n"
    )
    return 0


def measure(model: Model) -> dict[str, dict[str, float]]:
    """Minimum, median and maximum over the rounds of each way's mean, and of what the ranker adds in a round."""
    rng = np.random.default_rng(SEED)
    users = [model.user_ids[index] for index in rng.choice(len(model.user_ids), USERS).tolist()]
    plain = replace(model, forest=no_forest())
    ways: dict[str, Callable[[], float]] = {
        "with the ranker": lambda: _mean_microseconds(model, users),
        "without": lambda: _mean_microseconds(plain, users),
    }
    for way in ways.values():
        way()
    rounds = {name: np.empty(ROUNDS) for name in ways}
    for number in range(ROUNDS):
        for name, way in ways.items():
            rounds[name][number] = way()
    rounds["the ranker adds"] = rounds["with the ranker"] - rounds["without"]
    return {
        name: {"min": float(values.min()), "median": float(np.median(values)), "max": float(values.max())}
        for name, values in rounds.items()
    }


def _mean_microseconds(model: Model, users: list[str]) -> float:
    start = time.process_time()
    for user_id in users:
        recommend(model, Query(user_id=user_id))
    return (time.process_time() - start) / len(users) * 1e6


if __name__ == "__main__":
    sys.exit(main())

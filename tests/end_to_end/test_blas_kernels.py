"""A version gives the same answers, to the last bit, whichever of OpenBLAS's kernels a machine has."""

import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from artifacts.batch.item_bounds import bound_items
from artifacts.batch.recommend_many import recommend_many
from artifacts.model.model import open_model
from artifacts.publishing.store import Store
from artifacts.queries.query import Query, Repeat
from artifacts.queries.rank import rank
from artifacts.queries.recommend import recommend

ROOT = Path(__file__).parents[2]
QUERIES = (Query(), Query(limit=1), Query(limit=30, repeat=Repeat.ALLOW))
CPU = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
NEEDS = {"Prescott": "pni", "Nehalem": "sse4_2", "Haswell": "avx2", "Zen": "avx2", "SkylakeX": "avx512vl"}
KERNELS = [kernel for kernel, feature in NEEDS.items() if f" {feature} " in CPU]
pytestmark = pytest.mark.skipif(len(KERNELS) < 2, reason=f"{platform.machine()} has no two of the kernels")


def answers(version: Path) -> list[list[object]]:
    """Items and scores of every user alone, of all users together, and of a ranked list."""
    model, found = open_model(version), []
    users = np.arange(len(model.user_ids))
    listed = tuple(model.item_ids[item] for item in range(len(model.item_ids)))
    for query in QUERIES:
        asked = [replace(query, user_id=model.user_ids[user]) for user in users.tolist()]
        alone = [recommend(model, one).scored for one in asked]
        ranked = [rank(model, replace(one, items=listed)).scored for one in asked]
        for scored in (alone, ranked):
            found.append(
                [np.concatenate([getattr(one, name) for one in scored]).tolist() for name in ("items", "scores")]
            )
        together = recommend_many(model, bound_items(model, query), query, users, 1 << 20).picks
        assert [together.items.tolist(), together.scores.tolist()] == found[-2]
    return found


def test_every_kernel_gives_the_same_answers(tiny_store: Store) -> None:
    version = str(tiny_store.current_path())
    by_kernel = {}
    for kernel in KERNELS:
        environ = {**os.environ, "OPENBLAS_CORETYPE": kernel}
        run = subprocess.run(
            [sys.executable, "-m", __name__, version], cwd=ROOT, env=environ, check=True, capture_output=True
        )
        by_kernel[kernel] = json.loads(run.stdout)
    assert len({str(found["kernels"]) for found in by_kernel.values()}) > 1, "the kernels are chosen"
    first, *others = (found["answers"] for found in by_kernel.values())
    for other in others:
        assert other == first


if __name__ == "__main__":
    kernels = sorted({str(library.get("architecture")) for library in threadpool_info()})
    print(json.dumps({"kernels": kernels, "answers": answers(Path(sys.argv[1]))}))

"""How the published versions did, one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from artifacts.errors import ArtifactError
from artifacts.publishing.manifest import read_manifest
from artifacts.publishing.store import Store
from training.evaluation.bootstrap import Estimate
from training.evaluation.results import RECIPE
from training.evaluation.tasks import Task

SHOWN_TASKS = (Task.NEXT_PURCHASES, Task.DISCOVERY, Task.BASKET_COMPLETION)
SHOWN_VERSIONS = 12


@dataclass(frozen=True)
class PastVersion:
    """A version's day, its NDCG by task, on the window that was the last one then, and the recall of its index."""

    label: str
    ndcg: dict[Task, Estimate]
    index_recall: float | None


def past_versions(store: Store) -> tuple[PastVersion, ...]:
    """The published versions that can be read, oldest first, at most `SHOWN_VERSIONS`."""
    found = []
    for version in store.versions()[-SHOWN_VERSIONS:]:
        try:
            manifest = read_manifest(store.path(version))
        except ArtifactError:
            continue
        found.append(this_version(manifest.created, manifest.metrics))
    return tuple(found)


def this_version(created: str, metrics: Mapping[str, Any]) -> PastVersion:
    """What the metrics of a manifest say of a version made at `created` (ISO 8601)."""
    tasks = metrics.get("evaluation", {}).get("tasks", {})
    ndcg = {task: one for task in SHOWN_TASKS if (one := _ndcg(tasks.get(task, {}))) is not None}
    return PastVersion(created[:10], ndcg, metrics.get("index", {}).get("recall@10"))


def _ndcg(task: Mapping[str, Any]) -> Estimate | None:
    row = task.get("models", {}).get(RECIPE, {})
    return next((Estimate(*ends) for name, ends in row.items() if name.startswith("NDCG@")), None)

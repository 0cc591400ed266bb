"""How the published version does on the cases that a new one is judged by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from artifacts.errors import ArtifactError, NoVersionError
from artifacts.model.arrays import open_array
from artifacts.publishing.manifest import Manifest, read_manifest
from artifacts.publishing.store import Store
from training.config import ModelSettings
from training.evaluation.metrics import Values
from training.evaluation.results import RECIPE, WindowResult
from training.evaluation.run import recipe_ndcg
from training.evaluation.tasks import JUDGED, Task
from training.fitting.training_run import TrainingRun


@dataclass(frozen=True)
class Champion:
    """`ndcg`: the published version's NDCG of each case, by task; `note` says why there is none."""

    ndcg: Mapping[Task, Values]
    note: str | None


def save_ndcg(draft: Path, result: WindowResult | None) -> None:
    """Keep the version's own NDCG of each case, (n_cases,) float64, for the versions that come after it."""
    for task in JUDGED:
        if result is not None and task in result.tasks:
            np.save(draft / _file_name(task), result.tasks[task].ndcg[RECIPE])


def measure_champion(store: Store, result: WindowResult | None, run: TrainingRun) -> Champion:
    """How the published version does on the cases of `result`.

    On the same data and cases that is what the version itself got when it was published, whatever code fitted it. On
    other data its settings are fitted anew on what came before the window, since the published model itself has seen
    part of it. Settings that the new version shares give the same picks and are not fitted twice.
    """
    if result is None:
        return Champion({}, None)
    try:
        directory = store.current_path()
        manifest = read_manifest(directory)
    except ArtifactError as error:
        nothing = isinstance(error, NoVersionError)
        return Champion({}, "nothing is published yet to compare with" if nothing else f"not compared: {error}")
    own = _saved_ndcg(directory, manifest, result, run.interactions.fingerprint)
    if own:
        return Champion(own, None)
    settings = _settings(manifest)
    if settings is None:
        return Champion({}, f"not compared with {manifest.version}: its settings are none of this program's")
    if settings == run.config.model:
        return Champion({}, f"{manifest.version} has the same settings, and so the same picks on the same history")
    return Champion(recipe_ndcg(run.with_model(settings), result.window, JUDGED), None)


def _settings(manifest: Manifest) -> ModelSettings | None:
    try:
        return ModelSettings.model_validate_json(json.dumps(manifest.configuration.get("model")))
    except ValidationError:
        return None


def _saved_ndcg(directory: Path, manifest: Manifest, result: WindowResult, fingerprint: str) -> Mapping[Task, Values]:
    """The version's own figures, where it was asked the same questions after the same history; else nothing."""
    if manifest.data.get("fingerprint") != fingerprint:
        return {}
    recorded = manifest.metrics.get("evaluation", {}).get("tasks", {})
    same = [task for task in JUDGED if task in result.tasks and _digest(recorded, task) == result.tasks[task].digest]
    try:
        return {task: open_array(directory / _file_name(task)) for task in same}
    except (OSError, ValueError):
        return {}


def _digest(recorded: Mapping[str, Mapping[str, str]], task: Task) -> str | None:
    return recorded.get(task, {}).get("digest")


def _file_name(task: Task) -> str:
    return f"evaluation.{task}.npy"

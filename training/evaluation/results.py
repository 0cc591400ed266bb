"""What an evaluation found, and how it stands in a version's manifest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from training.evaluation.bootstrap import Estimate
from training.evaluation.metrics import Values
from training.evaluation.tasks import JUDGED, Activity, Task
from training.interactions.windows import Window

RECIPE = "Aisle"
"""The name of the published recipe among its baselines."""


@dataclass(frozen=True)
class TaskResult:
    """All models on the same cases of one task, the recipe first.

    `rows`: model -> metric -> estimate; `activity`: model -> group of users -> NDCG, for tasks about users.
    `ndcg`: model -> (n_cases,) NDCG of each case. `digest` is the same for the same cases.
    """

    task: Task
    digest: str
    rows: Mapping[str, Mapping[str, Estimate]]
    activity: Mapping[str, Mapping[Activity, Estimate]]
    group_sizes: Mapping[Activity, int]
    ndcg: Mapping[str, Values]

    @property
    def n_cases(self) -> int:
        return len(self.ndcg[RECIPE])


@dataclass(frozen=True)
class Tail:
    """The long tail: (n_points,) each, over items from best to least sold before the window.

    `items` is the share of the catalogue, the others the share of the picks, or of the window's purchases, that fall
    to those items.
    """

    items: Values
    picks: Values
    purchases: Values


@dataclass(frozen=True)
class Calibration:
    """Picks in groups of rising score, (n_groups,) each: mean `score`, and `bought`, the share that was bought."""

    score: Values
    bought: Values


@dataclass(frozen=True)
class Shown:
    """An item as a person sees it: its title, else its id; `bought` tells whether the user bought it in the window."""

    title: str
    bought: bool


@dataclass(frozen=True)
class SampleUser:
    """A user as a person can judge them, best or latest first. Who it is, is left out."""

    activity: Activity
    history: tuple[Shown, ...]
    next_purchases: tuple[Shown, ...]
    discovery: tuple[Shown, ...]
    bought: tuple[Shown, ...]


@dataclass(frozen=True)
class WindowResult:
    """Everything found on one window, by models that were fitted on what came before it."""

    window: Window
    n_users: int
    n_items: int
    tasks: Mapping[Task, TaskResult]
    audience: Estimate | None
    n_audience_items: int
    index_recall: float
    tail: Tail
    calibration: Calibration | None
    sample_users: tuple[SampleUser, ...]


@dataclass(frozen=True)
class Evaluation:
    """The last window in full, and earlier ones. `test` is None, and `skipped` says why, where the history is too
    short to hold one.

    `spread` (n_seeds,) is the recipe's mean NDCG on the last window by the seed it was fitted with, the configured one
    first; empty where only that was asked for. `sample`: how many users of how many a large shop is measured on.
    """

    k: int
    test: WindowResult | None
    backtests: tuple[WindowResult, ...]
    skipped: str | None
    spread: Mapping[Task, Values] = field(default_factory=dict)
    sample: tuple[int, int] | None = None

    @property
    def headline(self) -> dict[str, float]:
        """What tells versions apart at a glance: the recipe's NDCG of each task about users."""
        tasks = self.test.tasks if self.test else {}
        name = f"NDCG@{self.k}"
        return {f"{task} {name}": round(tasks[task].rows[RECIPE][name].value, 4) for task in JUDGED if task in tasks}

    @property
    def metrics(self) -> dict[str, Any]:
        """The evaluation as the manifest keeps it: plain JSON, an estimate is [value, low, high]."""
        if self.test is None:
            return {"skipped": self.skipped}
        return {
            **({"sample_users": self.sample[0], "all_users": self.sample[1]} if self.sample else {}),
            **_as_json(self.test),
            "backtests": [_as_json(result) for result in self.backtests],
        }


def _as_json(result: WindowResult) -> dict[str, Any]:
    return {
        "from": result.window.start.isoformat(),
        "to": result.window.end.isoformat(),
        "n_users": result.n_users,
        "n_items": result.n_items,
        "audience_lift": _numbers(result.audience) if result.audience else None,
        "index_recall": result.index_recall,
        "tasks": dict(_tasks_as_json(result)),
    }


def _tasks_as_json(result: WindowResult) -> Iterator[tuple[str, Any]]:
    for task, found in result.tasks.items():
        models = {model: {name: _numbers(one) for name, one in row.items()} for model, row in found.rows.items()}
        activity = {
            model: {str(group): _numbers(one) for group, one in groups.items()}
            for model, groups in found.activity.items()
        }
        yield str(task), {"cases": found.n_cases, "digest": found.digest, "models": models, "activity": activity}


def _numbers(estimate: Estimate) -> list[float]:
    return [round(number, 6) for number in (estimate.value, estimate.low, estimate.high)]

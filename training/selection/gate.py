"""Is a new version good enough to be published?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from training.errors import GateError
from training.evaluation.bootstrap import Estimate, difference, resample
from training.evaluation.metrics import Values
from training.evaluation.results import RECIPE, Evaluation, TaskResult
from training.evaluation.tasks import JUDGED, Task
from training.selection.champion import Champion
from training.selection.data_check import NOT_COMPARED, DataCheck

PUBLISHED = "published version"
# With fewer cases an interval says more about chance than about models.
MIN_CASES = 100
SEED = 0


@dataclass(frozen=True)
class Check:
    """The new version against one rival on one task, on the same cases.

    `ours` and `theirs` are mean NDCGs, `difference` ours less theirs by paired bootstrap, `margin` the share of
    theirs that a version may be worse by.
    """

    task: Task
    rival: str
    ours: float
    theirs: float
    difference: Estimate
    margin: float

    @property
    def passed(self) -> bool:
        """Not when it is worse by more than the margin, and that it is worse is no chance."""
        return self.difference.value >= -self.margin * self.theirs or self.difference.high >= 0

    @property
    def verdict(self) -> str:
        if not self.passed:
            return "worse"
        if self.difference.high < 0:
            return "within the margin"
        return "better" if self.difference.low > 0 else "no measurable difference"


@dataclass(frozen=True)
class Judgement:
    """All checks, and that of the `data`; `notes` says what could not be compared and what is wrong with the data,
    `forced` why it is published whatever they say."""

    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    forced: str | None = None
    data: DataCheck = NOT_COMPARED

    @property
    def passed(self) -> bool:
        return self.data.passed and all(check.passed for check in self.checks)

    @property
    def metrics(self) -> dict[str, Any]:
        """The judgement as the manifest keeps it."""
        return {
            "passed": self.passed,
            "forced": self.forced,
            "notes": list(self.notes),
            "data": self.data.metrics,
            "checks": [
                {
                    "task": str(check.task),
                    "rival": check.rival,
                    "ndcg": round(check.ours, 6),
                    "rival_ndcg": round(check.theirs, 6),
                    "difference": [
                        round(end, 6) for end in (check.difference.value, check.difference.low, check.difference.high)
                    ],
                    "verdict": check.verdict,
                }
                for check in self.checks
            ],
        }

    def table(self) -> str:
        """The checks as text, a line each."""
        lines = [f"{'task':16}{'rival':38}{'new':>8}{'rival':>8}  {'difference (95%)':30}verdict"]
        for check in self.checks:
            one = check.difference
            spread = f"{one.value:+.4f} ({one.low:+.4f} to {one.high:+.4f})"
            row = f"{check.task:16}{check.rival:38}{check.ours:8.4f}{check.theirs:8.4f}  {spread:30}{check.verdict}"
            lines.append(row)
        return "\n".join([*lines, *self.notes])


class WorseVersionError(GateError):
    """The new version is worse than a baseline or than the published one, and was not published."""

    def __init__(self, judgement: Judgement) -> None:
        advice = " ".join(_advice(judgement))
        super().__init__(f"not published: the gate refuses the new version\n{judgement.table()}\n{advice}")
        self.judgement = judgement


def _advice(judgement: Judgement) -> Iterator[str]:
    """What to do, as sentences."""
    worse_than = {check.rival for check in judgement.checks if not check.passed}
    if worse_than - {PUBLISHED}:
        yield (
            "A baseline does better on this data. In the configuration, a higher weights.popular ([model.weights]) "
            "leans on what sells, min_events_per_item ([clean]) leaves out items that hardly sell, and make tune looks "
            "for better settings of [model]."
        )
    if PUBLISHED in worse_than:
        yield "The published version, which stays, does better: margin ([gate]) is the share that is let pass."
    yield 'FORCE="why" (--force "why") publishes this one all the same and keeps the reason in the manifest.'


def pass_gate(
    evaluation: Evaluation, champion: Champion, margin: float, force: str | None, data: DataCheck = NOT_COMPARED
) -> Judgement:
    """Judge the new version; `force` is a reason to publish it whatever comes out, and whatever is wrong with its
    `data`. Raises WorseVersionError."""
    judgement = judge(evaluation, champion, margin, data)
    if judgement.passed:
        return judgement
    if force is None:
        raise WorseVersionError(judgement)
    return replace(judgement, forced=force)


def judge(evaluation: Evaluation, champion: Champion, margin: float, data: DataCheck = NOT_COMPARED) -> Judgement:
    """The recipe against its baselines and against the published version, on the same cases.

    No baseline may be measurably better. The published version may be, by `margin`, a share of its NDCG: data changes
    from night to night. A task with fewer than MIN_CASES cases is not judged.
    """
    found = evaluation.test.tasks if evaluation.test else {}
    judged = [found[task] for task in JUDGED if task in found and found[task].n_cases >= MIN_CASES]
    notes = [champion.note] if champion.note else []
    if not judged:
        notes.append(evaluation.skipped or f"not judged: fewer than {MIN_CASES} customers to compare on")
    checks = tuple(check for one in judged for check in _checks(one, champion.ndcg, margin))
    return Judgement(checks, (*notes, *data.notes, *data.problems), data=data)


def _checks(result: TaskResult, champion: Mapping[Task, Values], margin: float) -> list[Check]:
    resamples = resample(result.n_cases, np.random.default_rng(SEED))
    ours = result.ndcg[RECIPE]
    others = {name: values for name, values in result.ndcg.items() if name != RECIPE}
    if result.task in champion:
        others[PUBLISHED] = champion[result.task]
    return [
        Check(
            task=result.task,
            rival=name,
            ours=float(ours.mean()),
            theirs=float(values.mean()),
            difference=difference(ours, values, resamples),
            margin=margin if name == PUBLISHED else 0.0,
        )
        for name, values in others.items()
    ]

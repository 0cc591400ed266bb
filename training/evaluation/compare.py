"""Models on the same cases: every metric with its interval."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.evaluation.answers import Picks
from training.evaluation.bootstrap import Estimate, Resamples, estimate, estimate_coverage, estimate_within, resample
from training.evaluation.metrics import (
    Values,
    find_hits,
    hit_rate,
    mean_over_picks,
    ndcg,
    recall,
    reciprocal_rank,
)
from training.evaluation.results import TaskResult
from training.evaluation.tasks import Activity, Cases, Task


@dataclass(frozen=True)
class Items:
    """What is known of each item before the window, (n_items,) each: its self-information in bits, and whether it is
    one of the best sellers that make the head."""

    information: Values
    head: npt.NDArray[np.bool_]


def metric_names(k: int) -> tuple[str, ...]:
    """The names of all metrics, in the order of a table's columns."""
    return (f"NDCG@{k}", f"Recall@{k}", "MRR", f"hit rate@{k}", "coverage", "novelty", "head share")


def compare(
    cases: Cases, picks: Mapping[str, Picks], items: Items, groups: npt.NDArray[np.str_], rng: np.random.Generator
) -> TaskResult:
    """Measure the picks of each model; `groups` (n_cases,) is the Activity of each case's user."""
    resamples = resample(len(cases), rng)
    values = {model: case_values(cases, one, items) for model, one in picks.items()}
    by_user = cases.task in (Task.NEXT_PURCHASES, Task.DISCOVERY)
    members = {group: groups == group for group in Activity if by_user and bool((groups == group).any())}
    return TaskResult(
        task=cases.task,
        digest=cases.digest,
        rows={model: _row(values[model], one, items, resamples) for model, one in picks.items()},
        activity={
            model: {group: estimate_within(one[0], inside, resamples) for group, inside in members.items()}
            for model, one in values.items()
        },
        group_sizes={group: int(inside.sum()) for group, inside in members.items()},
        ndcg={model: one[0] for model, one in values.items()},
    )


def case_values(cases: Cases, picks: Picks, items: Items) -> tuple[Values, ...]:
    """NDCG, recall, reciprocal rank, hit rate, novelty and head share of each case, (n_cases,) each."""
    hits, relevant = find_hits(picks.items, cases.truth), cases.relevant
    return (
        ndcg(hits, relevant),
        recall(hits, relevant),
        reciprocal_rank(hits),
        hit_rate(hits),
        mean_over_picks(picks.items, items.information),
        mean_over_picks(picks.items, items.head.astype(np.float64)),
    )


def _row(values: tuple[Values, ...], picks: Picks, items: Items, resamples: Resamples) -> dict[str, Estimate]:
    accuracy = [estimate(one, resamples) for one in values]
    covered = estimate_coverage(picks.items, len(items.head), resamples)
    return dict(zip(metric_names(picks.items.shape[1]), [*accuracy[:4], covered, *accuracy[4:]], strict=True))

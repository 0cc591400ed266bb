"""95% intervals by resampling cases, and of differences between models on the same cases."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.evaluation.metrics import NO_ITEM, Values

RESAMPLES = 1_000
# Each resample of a coverage is a pass over all picks.
COVERAGE_RESAMPLES = 200
PERCENTILES = (2.5, 97.5)

Resamples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Estimate:
    """A mean over cases and the ends of its 95% interval (percentile bootstrap: Efron and Tibshirani 1993, ch. 13)."""

    value: float
    low: float
    high: float


def resample(n_cases: int, rng: np.random.Generator) -> Resamples:
    """(RESAMPLES, n_cases) float32: how often each case is drawn in each resample with replacement.

    Used for several models on the same cases, it makes their comparison a paired one.
    """
    drawn = rng.integers(0, n_cases, (RESAMPLES, n_cases)) + np.arange(RESAMPLES)[:, np.newaxis] * n_cases
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES * n_cases)
    return counts.reshape(RESAMPLES, n_cases).astype(np.float32)


def estimate(values: Values, resamples: Resamples) -> Estimate:
    """The mean of `values` (n_cases,), n_cases at least 1."""
    return estimate_within(values, np.ones(len(values), np.bool_), resamples)


def estimate_within(values: Values, group: npt.NDArray[np.bool_], resamples: Resamples) -> Estimate:
    """The mean of the values (n_cases,) of a group of cases, at least one."""
    drawn = resamples if group.all() else resamples[:, group]
    sizes = drawn.sum(axis=1)
    value = float(values[group].mean())
    deviations = drawn @ (values[group] - value).astype(np.float32) / np.maximum(sizes, 1)
    low, high = np.percentile(deviations[sizes > 0], PERCENTILES)
    return Estimate(value, value + float(low), value + float(high))


def difference(one: Values, other: Values, resamples: Resamples) -> Estimate:
    """How much better `one` does than `other` on the same cases, (n_cases,) each: a paired bootstrap."""
    return estimate(one - other, resamples)


def estimate_coverage(picks: npt.NDArray[np.int32], n_items: int, resamples: Resamples) -> Estimate:
    """The share of `n_items` among the picks (n_cases, k), NO_ITEM (-1) behind the last.

    A resample repeats cases and so holds fewer distinct items: its spread is what counts, put around the value.
    """
    items, place = np.unique(picks, return_inverse=True)
    place = place.reshape(picks.shape)
    real = items != NO_ITEM
    shares = np.array([_distinct(place[drawn > 0], real) / n_items for drawn in resamples[:COVERAGE_RESAMPLES]])
    value = float(real.sum()) / n_items
    low, high = np.percentile(shares - shares.mean(), PERCENTILES)
    return Estimate(value, max(value + min(float(low), 0.0), 0.0), min(value + max(float(high), 0.0), 1.0))


def _distinct(places: npt.NDArray[np.int64], real: npt.NDArray[np.bool_]) -> int:
    seen = np.zeros(len(real), np.bool_)
    seen[places] = True
    return int(np.count_nonzero(seen & real))

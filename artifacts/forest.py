"""Boosted regression trees, scored with a handful of array operations."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAX_LEAVES = 32


@dataclass(frozen=True)
class Forest:
    """Trees of at most MAX_LEAVES leaves as bit masks: Lucchese et al. 2015, "QuickScorer".

    A node that a value fails (is greater than its threshold) rules out the leaves of its left side. A feature's
    thresholds cut its values into bins, and all that a bin rules out is known beforehand, so that a tree's leaf is
    the lowest bit left when the bins of all features are and-ed.

    `starts` (n_features + 1,) int64: where a feature's rows start in `masks`; `thresholds` (n_masks - n_features,)
    float64: each feature's distinct thresholds, ascending, end to end; `masks` (n_masks, n_trees) uint32;
    `leaves` (n_trees, MAX_LEAVES) float32: leaf values from left to right.
    """

    starts: npt.NDArray[np.int64]
    thresholds: npt.NDArray[np.float64]
    masks: npt.NDArray[np.uint32]
    leaves: npt.NDArray[np.float32]

    def __len__(self) -> int:
        """How many trees there are: none where the blend is the better recipe."""
        return len(self.leaves)

    def score(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Sums of leaf values (n,) for `features` (n_features, n): one row a feature; no value may be NaN."""
        left = np.full((features.shape[1], self.masks.shape[1]), np.iinfo(np.uint32).max, np.uint32)
        for feature, values in enumerate(features):
            start, stop = self.starts[feature], self.starts[feature + 1]
            if stop - start > 1:
                thresholds = self.thresholds[start - feature : stop - feature - 1]
                left &= self.masks[start + thresholds.searchsorted(values)]
        lowest = left & (~left + np.uint32(1))
        leaf = np.frexp(lowest.astype(np.float32))[1] - 1
        values = self.leaves[np.arange(len(self.leaves)), leaf]
        return np.asarray(values.sum(axis=1), np.float32)


def no_forest() -> Forest:
    """No trees at all."""
    return Forest(
        np.zeros(1, np.int64),
        np.empty(0, np.float64),
        np.empty((0, 0), np.uint32),
        np.empty((0, MAX_LEAVES), np.float32),
    )

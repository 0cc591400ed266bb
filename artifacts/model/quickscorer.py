"""Boosted regression trees, scored with a handful of array operations."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.model.inner_products import inner_products

MAX_LEAVES = 32

Masks = npt.NDArray[np.uint32]
EVERY_LEAF = np.uint32(2**32 - 1)


@dataclass(frozen=True)
class Forest:
    """Trees of at most MAX_LEAVES leaves as bit masks: Lucchese et al. 2015, "QuickScorer".

    A node that a value fails (is greater than its threshold) rules out the leaves of its left side. A feature's
    thresholds cut its values into bins, and all that a bin rules out is known beforehand, so that a tree's leaf is
    the lowest bit left when the bins of all features are and-ed.

    `starts` (n_features + 1,) int64: where a feature's rows start in `masks`; `thresholds` (n_masks - n_features,)
    float32: each feature's distinct thresholds, ascending, end to end; `masks` (n_masks, n_trees) uint32;
    `leaves` (n_trees, MAX_LEAVES) float32: leaf values from left to right.
    """

    starts: npt.NDArray[np.int64]
    thresholds: npt.NDArray[np.float32]
    masks: npt.NDArray[np.uint32]
    leaves: npt.NDArray[np.float32]

    def __len__(self) -> int:
        """How many trees there are: none where the blend is the better recipe."""
        return len(self.leaves)

    def remaining(self, first: int, features: npt.NDArray[np.float32]) -> Masks:
        """(n, n_trees) uint32: the leaves that the features (m, n) from the number `first` on do not rule out.

        What groups of features leave together is their masks and-ed, so that a group that is known beforehand, or the
        same for many candidates, is looked up once.
        """
        left = np.full((features.shape[1], len(self)), EVERY_LEAF)
        for feature, values in enumerate(features, first):
            start, stop = self.starts[feature : feature + 2].tolist()
            if stop - start > 1:
                thresholds = self.thresholds[start - feature : stop - feature - 1]
                left &= self.masks.take(start + thresholds.searchsorted(values), axis=0)
        return left

    def add_up(self, left: Masks) -> npt.NDArray[np.float32]:
        """Sums (n,) of the values of the lowest leaves that are left (n, n_trees)."""
        leaf = np.bitwise_count(~left & (left - np.uint32(1)))
        values = self.leaves.take(leaf + np.arange(0, self.leaves.size, MAX_LEAVES))
        return inner_products(values, np.ones(len(self), np.float32))


def no_forest() -> Forest:
    """No trees at all."""
    return Forest(
        np.zeros(1, np.int64),
        np.empty(0, np.float32),
        np.empty((0, 0), np.uint32),
        np.empty((0, MAX_LEAVES), np.float32),
    )

"""From LightGBM's trees to the bit masks that answers are scored with."""

from collections.abc import Iterator
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from artifacts.model.quickscorer import EVERY_LEAF, MAX_LEAVES, Forest

Node = dict[str, Any]


def compile_forest(booster: lgb.Booster) -> Forest:
    """The same trees as `Forest`. They must have numeric splits and at most MAX_LEAVES leaves.

    LightGBM must have been told that no value is missing (`use_missing=False`).
    """
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    leaves = np.zeros((len(trees), MAX_LEAVES), np.float32)
    splits: list[tuple[int, float, int, int]] = []  # feature, threshold, tree, leaves that stay when it fails
    for number, tree in enumerate(trees):
        values = list(_leaf_values(tree))
        leaves[number, : len(values)] = values
        splits += [(feature, threshold, number, mask) for feature, threshold, mask in _splits(tree, 0)]
    rows, starts, thresholds = [], [0], []
    for feature in range(booster.num_feature()):
        own = [split for split in splits if split[0] == feature]
        cuts = sorted({threshold for _, threshold, _, _ in own})
        table = np.full((len(cuts) + 1, len(trees)), EVERY_LEAF)
        for _, threshold, number, mask in own:
            table[cuts.index(threshold) + 1, number] &= np.uint32(mask)
        rows.append(np.bitwise_and.accumulate(table, axis=0))
        starts.append(starts[-1] + len(table))
        thresholds += cuts
    return Forest(np.array(starts, np.int64), _rounded_down(thresholds), np.concatenate(rows), leaves)


def _rounded_down(thresholds: list[float]) -> npt.NDArray[np.float32]:
    """The largest float32 up to each threshold: the same float32 values are greater than it."""
    nearest = np.array(thresholds, np.float32)
    return np.where(nearest > np.array(thresholds, np.float64), np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _leaf_values(node: Node) -> Iterator[float]:
    if "leaf_value" in node:
        yield node["leaf_value"]
    else:
        yield from _leaf_values(node["left_child"])
        yield from _leaf_values(node["right_child"])


def _splits(node: Node, first_leaf: int) -> Iterator[tuple[int, float, int]]:
    """Feature, threshold and remaining leaves of each split; `first_leaf` is the leftmost leaf below the node."""
    if "leaf_value" in node:
        return
    n_left = sum(1 for _ in _leaf_values(node["left_child"]))
    ruled_out = ((1 << n_left) - 1) << first_leaf
    yield node["split_feature"], node["threshold"], ~ruled_out & 0xFFFFFFFF
    yield from _splits(node["left_child"], first_leaf)
    yield from _splits(node["right_child"], first_leaf + n_left)

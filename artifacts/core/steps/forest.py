"""The ranker's trees, scored as `artifacts.model.quickscorer` says: bit masks of the leaves that are left."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.compiled import compiled
from artifacts.core.steps.features import HABITS, N_COUNTS, N_HABITS
from artifacts.core.steps.machine_words import inner_product, lowest_bit
from artifacts.model.quickscorer import EVERY_LEAF
from artifacts.queries.ranker_features import ITEM_FEATURES, NEVER_BOUGHT, PAIR_FEATURES, USER_FEATURES

N_ITEM_FEATURES, N_USER_FEATURES, N_PAIR_FEATURES = len(ITEM_FEATURES), len(USER_FEATURES), len(PAIR_FEATURES)
AT_ONCE = 4
FIRST_PAIR = N_ITEM_FEATURES + N_USER_FEATURES

Masks = npt.NDArray[np.uint32]
Rows = npt.NDArray[np.float32]


class Trees(NamedTuple):
    """As `Forest`, with `item_masks` (n_items, n_trees) uint32; `users_left`, `unbought_left` and `left` (n_trees,)
    uint32, `rows` int32 for those of a candidate's features, and `values` (n_trees,) float32 are written over; `ones`
    (n_trees,) float32 are what they say."""

    starts: npt.NDArray[np.int64]
    thresholds: npt.NDArray[np.float32]
    masks: Masks
    leaves: Rows
    item_masks: Masks
    users_left: Masks
    unbought_left: Masks
    left: Masks
    rows: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    ones: npt.NDArray[np.float32]


@compiled
def score_candidates(
    trees: Trees, user: npt.NDArray[np.float32], items: npt.NDArray[np.int32], rows: Rows, scores: Rows
) -> None:
    """Write the forest's score of candidates (n,) of a user, `rows` being their pair features.

    All that was never bought has the same habits: what these rule out is looked up once.
    """
    for tree in range(len(trees.ones)):
        trees.users_left[tree] = EVERY_LEAF
    for feature in range(N_USER_FEATURES):
        _narrow(trees, trees.users_left, N_ITEM_FEATURES + feature, user[feature])
    for tree in range(len(trees.ones)):
        trees.unbought_left[tree] = trees.users_left[tree]
    for habit in range(N_HABITS):
        never = np.float32(0) if habit < N_COUNTS else np.float32(NEVER_BOUGHT)
        _narrow(trees, trees.unbought_left, FIRST_PAIR + HABITS + habit, never)
    for place in range(len(items)):
        scores[place] = _score(trees, items[place], rows, place)


@compiled
def _score(trees: Trees, item: int, rows: Rows, place: int) -> np.float32:
    is_bought = rows[HABITS, place] > 0
    known = trees.users_left if is_bought else trees.unbought_left
    for tree in range(len(trees.left)):
        trees.left[tree] = trees.item_masks[item, tree] & known[tree]
    n = 0
    for feature in range(N_PAIR_FEATURES):
        if is_bought or not HABITS <= feature < HABITS + N_HABITS:
            row = _row_of(trees, FIRST_PAIR + feature, rows[feature, place])
            if row >= 0:
                trees.rows[n] = row
                n += 1
    while n % AT_ONCE:
        trees.rows[n] = trees.rows[n - 1]  # once more, which changes nothing
        n += 1
    for first in range(0, n, AT_ONCE):
        _narrow_by_rows(trees, first)
    for tree in range(len(trees.left)):
        trees.values[tree] = trees.leaves[tree, lowest_bit(trees.left[tree])]
    return np.float32(inner_product(trees.values, 0, trees.ones, 0, len(trees.values)))


@compiled
def _narrow(trees: Trees, left: Masks, feature: int, value: np.float32) -> None:
    """Rule out the leaves that a feature's value rules out."""
    row = _row_of(trees, feature, value)
    if row >= 0:
        for tree in range(len(left)):
            left[tree] &= trees.masks[row, tree]


@compiled
def _row_of(trees: Trees, feature: int, value: np.float32) -> int:
    """Which row of the masks a feature's value asks for, -1 where no tree looks at the feature."""
    start, stop = trees.starts[feature], trees.starts[feature + 1]
    if stop - start <= 1:
        return -1
    row = start
    for place in range(start - feature, stop - feature - 1):
        row += trees.thresholds[place] < value
    return int(row)


@compiled
def _narrow_by_rows(trees: Trees, first: int) -> None:
    """Rule out what AT_ONCE rows do, the first of them being at a place: what is left is read and written once."""
    one, two = trees.masks[trees.rows[first]], trees.masks[trees.rows[first + 1]]
    three, four = trees.masks[trees.rows[first + 2]], trees.masks[trees.rows[first + 3]]
    for tree in range(len(trees.left)):
        trees.left[tree] &= one[tree] & two[tree] & three[tree] & four[tree]

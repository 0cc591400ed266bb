"""What the compiled code is handed: a table of where a version's arrays lie, and room to write to."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from artifacts.model.model import Model
from artifacts.queries.candidates import FROM_HISTORY, FROM_INDEX, FROM_NEIGHBOURS
from artifacts.queries.ranker_features import ITEM_FEATURES as ITEM_FEATURE_NAMES
from artifacts.queries.ranker_features import LOG_PLACES, PAIR_FEATURES
from artifacts.queries.user_state import MAX_BASKET

NOTHING = np.empty(0, np.float32)
N_CANDIDATES = FROM_HISTORY + FROM_INDEX + FROM_NEIGHBOURS

# The places of the arrays in a table.
(
    USER_OFFSETS,
    USER_BYTES,
    USER_FACTORS,
    HISTORY_STARTS,
    HISTORY_ITEMS,
    HISTORY_STRENGTH,
    HISTORY_TIMES_BOUGHT,
    HISTORY_FREQUENCY,
    HISTORY_FIRST,
    HISTORY_LAST,
    VECTORS,
    PART_STARTS,
    ORDER,
    HEAD,
    CUTS,
    LONGEST,
    PAIR_STARTS,
    PAIR_ITEMS,
    PAIR_SCORES,
    BASKET_STARTS,
    BASKET_ITEMS,
    BASKET_SCORES,
    AVAILABLE,
    PRICE,
    CATEGORY,
    ITEM_FEATURES,
    USER_FEATURES,
    LOG_AGE,
    PLACES,
    FOREST_STARTS,
    THRESHOLDS,
    MASKS,
    LEAVES,
    ITEM_MASKS,
    GRAM,
    WEIGHTS,
    NUMBERS,
    MARKS,
    TOTALS,
    SUMMED,
    N_SUMMED,
    VECTOR,
    PRECISE,
    QUERY,
    LENGTHS,
    BASKET,
    BASKET_STRENGTH,
    BASKET_WHEN,
    CANDIDATES,
    NEIGHBOUR_SCORES,
    FOUND,
    FOUND_ITEMS,
    FEATURE_ROWS,
    SORTED,
    SPARE,
    KEYS,
    DIGITS,
    USERS_LEFT,
    UNBOUGHT_LEFT,
    LEFT,
    MASK_ROWS,
    VALUES,
    ONES,
    NORMAL_MATRIX,
    RIGHT_SIDE,
) = range(65)


@dataclass(frozen=True)
class ModelTable:
    """`table` (3 n_arrays,) int64: each array's address, its length, and the length of its rows; `arrays` are what it
    points at, in that order; `address` is its own."""

    table: npt.NDArray[np.int64]
    arrays: tuple[npt.NDArray[Any], ...]
    address: int


def model_table(model: Model) -> ModelTable:
    """The table of a version, with room of its own to write to."""
    arrays = tuple(map(_plain, [*_fitted(model), *_numbers(model), *_room(model)]))
    rows = [(array.ctypes.data, len(array), array.shape[1] if array.ndim > 1 else 1) for array in arrays]
    table = np.array(rows, np.int64).reshape(-1)
    return ModelTable(table, arrays, table.ctypes.data)


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """As compiled code reads it: C order, and truth values as bytes."""
    return np.ascontiguousarray(array.view(np.uint8) if array.dtype == np.bool_ else array)


def _fitted(model: Model) -> list[npt.NDArray[Any]]:
    """USER_OFFSETS to GRAM."""
    history, order, pairs, weights = model.history, model.index.order, model.co_purchases, model.basket_weights
    catalogue, features, forest = model.catalogue, model.ranker_features, model.forest
    log_age = np.log1p(features.items[ITEM_FEATURE_NAMES.index("age_days")]) if len(forest) else NOTHING
    return [
        *(model.user_ids.offsets, model.user_ids.data, model.user_factors),
        *(history.indptr, history.items, history.strength, history.times_bought, history.frequency),
        *(history.first, history.last),
        *(model.item_vectors, order.starts, order.items, order.head, order.cuts, order.longest),
        *(pairs.indptr, pairs.items, pairs.score, weights.indptr, weights.items, weights.score),
        *(catalogue.available, catalogue.price, catalogue.category),
        *(features.items, features.users, log_age, LOG_PLACES),
        *(forest.starts, forest.thresholds, forest.masks, forest.leaves, model.item_masks, model.gram),
    ]


def _numbers(model: Model) -> list[npt.NDArray[Any]]:
    """WEIGHTS float64 and NUMBERS int64."""
    recipe = model.recipe
    weights = recipe.weights
    return [
        np.array(
            [
                *(weights.als, weights.newcomers, weights.popular, weights.trend, weights.frequency),
                *(recipe.alpha, recipe.regularization),
            ]
        ),
        np.array([recipe.until]),
    ]


def _room(model: Model) -> list[npt.NDArray[Any]]:
    """MARKS and what comes after it. What is 0 here is 0 again after each answer."""
    n_items, n_trees, n_factors = len(model.item_ids), len(model.forest), model.recipe.n_factors

    def room(kind: type[np.generic], *shape: int) -> npt.NDArray[Any]:
        return np.zeros(shape, kind)

    return [
        *(room(np.uint8, n_items), room(np.float64, n_items), room(np.int32, n_items), room(np.int64, 1)),
        *(room(np.float32, n_factors), room(np.float64, n_factors), room(np.float32, 2 * n_factors + 2)),
        room(np.float32, len(model.index.order.starts)),
        *(room(np.int32, MAX_BASKET), room(np.float32, MAX_BASKET), room(np.int64, MAX_BASKET)),
        *(room(np.int32, N_CANDIDATES), room(np.float32, N_CANDIDATES), room(np.float32, N_CANDIDATES)),
        room(np.int32, N_CANDIDATES),
        room(np.float32, len(PAIR_FEATURES), N_CANDIDATES),
        *(room(np.int32, N_CANDIDATES), room(np.int32, N_CANDIDATES), room(np.uint32, N_CANDIDATES)),
        room(np.int32, 257),
        *(room(np.uint32, n_trees), room(np.uint32, n_trees), room(np.uint32, n_trees)),
        *(room(np.int32, 2 * len(PAIR_FEATURES)), room(np.float32, n_trees)),
        np.ones(n_trees, np.float32),
        *(room(np.float64, n_factors, n_factors), room(np.float64, n_factors)),
    ]

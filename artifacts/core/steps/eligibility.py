"""Which items may be in an answer: looked up item by item, so that a query costs nothing for those it does not meet."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.compiled import compiled

# What a query notes of items, in bits of `marks`, all of which are 0 again when it is answered:
EXCLUDED = 1  # not to be answered,
OWNED = 2  # bought by the user,
RECENT = 4  # of the session,
CANDIDATE = 8  # for the ranker,
NEAR = 16  # what the index found,
SUMMED = 32  # it has a neighbour score.

Marks = npt.NDArray[np.uint8]


class Eligibility(NamedTuple):
    """The query's filters over the catalogue: `available` (n_items,) uint8; `price` (n_items,) float32; `category`
    (n_items,) int32; `wanted` (n_categories + 1,) uint8 whose last is for items without one, empty where all categories
    are; `marks` (n_items,) uint8."""

    available: npt.NDArray[np.uint8]
    price: npt.NDArray[np.float32]
    category: npt.NDArray[np.int32]
    wanted: npt.NDArray[np.uint8]
    marks: Marks
    in_stock: bool
    has_min_price: bool
    min_price: np.float32
    has_max_price: bool
    max_price: np.float32


@compiled
def is_eligible(query: Eligibility, item: int, but: int) -> bool:
    """Whether an item is within the filters and has none of the marks `but`."""
    if query.marks[item] & but or (query.in_stock and not query.available[item]):
        return False
    if query.has_min_price and not query.price[item] >= query.min_price:
        return False
    if query.has_max_price and not query.price[item] <= query.max_price:
        return False
    return len(query.wanted) == 0 or query.wanted[query.category[item]] != 0


@compiled
def mark(marks: Marks, items: npt.NDArray[np.int32], what: int) -> None:
    """Mark items."""
    for item in items:
        marks[item] |= np.uint8(what)


@compiled
def unmark(marks: Marks, items: npt.NDArray[np.int32], what: int) -> None:
    """Take a mark back from items."""
    for item in items:
        marks[item] &= np.uint8(~what & 255)

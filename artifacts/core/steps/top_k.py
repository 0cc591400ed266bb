"""The k best of what is offered one by one, and the places of scores among each other."""

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.compiled import compiled
from artifacts.core.steps.machine_words import bits_of

Items = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]


@compiled
def is_better(score: np.float32, item: int, other_score: np.float32, other_item: int) -> bool:
    """Whether an item stands before another."""
    return bool(score > other_score or (score == other_score and item < other_item))


@compiled
def offer(items: Items, scores: Scores, count: int, k: int, item: int, score: np.float32) -> int:
    """Take an item up among the `count` of the k best so far, if it is one; how many there are now.

    `items` and `scores` (k,) are a heap whose first is the worst.
    """
    if count < k:
        at = count
        while at > 0 and is_better(scores[(at - 1) // 2], items[(at - 1) // 2], score, item):
            items[at], scores[at] = items[(at - 1) // 2], scores[(at - 1) // 2]
            at = (at - 1) // 2
        items[at], scores[at] = item, score
        return count + 1
    if k > 0 and is_better(score, item, scores[0], items[0]):
        _sink(items, scores, k, item, score)
    return count


@compiled
def _sink(items: Items, scores: Scores, count: int, item: int, score: np.float32) -> None:
    """Put an item in the place of the first of a heap."""
    at, below = 0, 1
    while below < count:
        if below + 1 < count and is_better(scores[below], items[below], scores[below + 1], items[below + 1]):
            below += 1
        if not is_better(score, item, scores[below], items[below]):
            break
        items[at], scores[at] = items[below], scores[below]
        at, below = below, 2 * below + 1
    items[at], scores[at] = item, score


@compiled
def sort_best_first(items: Items, scores: Scores, count: int) -> None:
    """Turn a heap into a list, best first."""
    for last in range(count - 1, 0, -1):
        item, score = items[last], scores[last]
        items[last], scores[last] = items[0], scores[0]
        _sink(items, scores, last, item, score)


@compiled
def order_of(scores: Scores, n: int, order: Items, keys: npt.NDArray[np.uint32], spare: Items, starts: Items) -> None:
    """Write to `order` the places of n scores, the highest first, equal ones as they come: by radix, eight bits at a
    time. `keys` (n,), `spare` (n,) and `starts` (257,) are written over.
    """
    for place in range(n):
        key = bits_of(scores[place] + np.float32(0))  # the sum makes -0 a 0
        keys[place] = key if key >> np.uint32(31) else ~(key | np.uint32(0x80000000))
        order[place] = place
    for shift in (0, 16):
        _sort_by(keys, n, shift, order, spare, starts)
        _sort_by(keys, n, shift + 8, spare, order, starts)


@compiled
def _sort_by(
    keys: npt.NDArray[np.uint32], n: int, shift: int, order: Items, sorted_order: Items, starts: Items
) -> None:
    """Sort an order, stably, by eight bits of the keys."""
    for digit in range(len(starts)):
        starts[digit] = 0
    for place in range(n):
        starts[((keys[place] >> np.uint32(shift)) & np.uint32(255)) + 1] += 1
    for digit in range(256):
        starts[digit + 1] += starts[digit]
    for place in range(n):
        digit = (keys[order[place]] >> np.uint32(shift)) & np.uint32(255)
        sorted_order[starts[digit]] = order[place]
        starts[digit] += 1

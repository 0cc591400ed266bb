"""Ids and item indexes looked up in ascending tables."""

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.compiled import compiled

UNKNOWN = -1


@compiled
def find_id(offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], text: npt.NDArray[np.uint8]) -> int:
    """The index of an id in UTF-8 (n_bytes,) in a table of ids, as `IdTable` has it, or UNKNOWN."""
    low, high = 0, len(offsets) - 1
    while low < high:
        middle = (low + high) // 2
        if _compare(data, offsets[middle], offsets[middle + 1], text) < 0:
            low = middle + 1
        else:
            high = middle
    if low < len(offsets) - 1 and _compare(data, offsets[low], offsets[low + 1], text) == 0:
        return low
    return UNKNOWN


@compiled
def _compare(data: npt.NDArray[np.uint8], start: int, stop: int, text: npt.NDArray[np.uint8]) -> int:
    """Below 0, 0 or above it, as the bytes from start to stop come before the text's, are the same, or come after."""
    for place in range(min(stop - start, len(text))):
        difference = np.int64(data[start + place]) - np.int64(text[place])
        if difference != 0:
            return int(difference)
    return stop - start - len(text)


@compiled
def find_item(items: npt.NDArray[np.int32], item: int) -> int:
    """The place of an item in ascending items, or UNKNOWN."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low if low < len(items) and items[low] == item else UNKNOWN

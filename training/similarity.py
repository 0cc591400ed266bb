"""Which items can stand in for which."""

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from artifacts.model import Similar

PER_ITEM = 50
CHUNK = 1_000


def find_similar(item_factors: npt.NDArray[np.float32], show_progress: bool) -> Similar:
    """The `PER_ITEM` items with the largest cosine to each item's factors (n_items, n_factors), above zero."""
    norms = np.linalg.norm(item_factors, axis=1, keepdims=True)
    unit = item_factors / np.maximum(norms, np.finfo(np.float32).tiny)
    width = min(PER_ITEM, len(unit) - 1)
    parts = [
        _chunk(unit, start, width)
        for start in tqdm(range(0, len(unit), CHUNK), "similar items", disable=not show_progress)
    ]
    items, scores = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Similar(np.where(scores > 0, items, -1).astype(np.int32), np.maximum(scores, 0))


def _chunk(
    unit: npt.NDArray[np.float32], start: int, width: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    cosines = unit[start : start + CHUNK] @ unit.T
    cosines[np.arange(len(cosines)), start + np.arange(len(cosines))] = -np.inf
    items = np.argpartition(-cosines, width - 1, axis=1)[:, :width] if width else np.empty((len(cosines), 0), np.int64)
    scores = np.take_along_axis(cosines, items, axis=1)
    order = np.lexsort((items, -scores), axis=1)
    return np.take_along_axis(items, order, axis=1), np.take_along_axis(scores, order, axis=1)

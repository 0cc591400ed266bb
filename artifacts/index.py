"""The FAISS index over item vectors, and the search that answers a query vector under a mask."""

from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

INDEX_FILE = "index.faiss"
# With fewer eligible items than this, exact scores over just those cost less than searching around the others.
EXACT_BELOW = 2_000

Vectors = npt.NDArray[np.float32]
Hits = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class ItemIndex:
    """Inner-product search over `vectors` (n_items, n_dimensions) float32.

    `graph` is a FAISS index of the same rows: flat (exact) or HNSW (approximate, searched with `ef_search`).
    """

    vectors: Vectors
    graph: faiss.Index
    ef_search: int

    def search(self, query: Vectors, eligible: npt.NDArray[np.bool_], k: int) -> Hits:
        """The k eligible items with the largest inner product with `query` (n_dimensions,), best first.

        `eligible` is (n_items,). Answers item indexes (m,) int64 and scores (m,) float32, where m is the smaller
        of k and the number of eligible items; equal scores stand in the order of their index.
        """
        n_eligible = int(np.count_nonzero(eligible))
        k = min(k, n_eligible)
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if n_eligible > EXACT_BELOW:
            hits = self._search_graph(query, eligible, k)
            if len(hits[0]) == k:
                return hits
        candidates = np.flatnonzero(eligible)
        return best(candidates, self.vectors[candidates] @ query, k)

    def _search_graph(self, query: Vectors, eligible: npt.NDArray[np.bool_], k: int) -> Hits:
        selector = faiss.IDSelectorBitmap(np.packbits(eligible, bitorder="little"))
        if isinstance(self.graph, faiss.IndexFlat):
            parameters = faiss.SearchParameters(sel=selector)
        else:
            parameters = faiss.SearchParametersHNSW(sel=selector, efSearch=max(self.ef_search, k))
        scores, items = self.graph.search(query[np.newaxis], k, params=parameters)
        found = items[0][items[0] >= 0]
        if isinstance(self.graph, faiss.IndexFlat):
            return best(found, scores[0][: len(found)], k)
        return best(found, self.vectors[found] @ query, k)  # the graph's own scores come from 8-bit codes


def best(items: npt.NDArray[np.int64], scores: npt.NDArray[np.float32], k: int) -> Hits:
    """The k highest scores with their items, best first; equal scores stand in the order of the item's index.

    `items` and `scores` are (n,), `items` without repetition.
    """
    if k < len(items):
        threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
        reached = scores >= threshold
        items, scores = items[reached], scores[reached]
    order = np.lexsort((items, -scores))[:k]
    return items[order], scores[order]


def save_index(directory: Path, graph: faiss.Index) -> None:
    """Write the index file of a version."""
    faiss.write_index(graph, str(directory / INDEX_FILE))


def open_index(directory: Path, vectors: Vectors, ef_search: int) -> ItemIndex:
    """Open the index file of a version by memory map."""
    graph = faiss.read_index(str(directory / INDEX_FILE), faiss.IO_FLAG_MMAP_IFC)
    return ItemIndex(vectors, graph, ef_search)

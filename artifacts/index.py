"""The FAISS index over item vectors, and the search that answers a query vector under a mask."""

from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

INDEX_FILE = "index.faiss"
# With fewer eligible items than this, exact scores over just those cost less than searching around the others.
EXACT_BELOW = 2_000
# A graph leads through the items that are not eligible: the fewer are, the further it has to be searched for the same
# recall, until exact scores cost less.
EXACT_BELOW_SHARE = 0.1

Vectors = npt.NDArray[np.float32]
Hits = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]
NOTHING: Hits = (np.empty(0, np.int64), np.empty(0, np.float32))


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
            return NOTHING
        hits = self._search_graph(query, eligible, n_eligible, k)
        if len(hits[0]) == k:
            return hits
        candidates = np.flatnonzero(eligible)
        return best(candidates, self.vectors[candidates] @ query, k)

    def _search_graph(self, query: Vectors, eligible: npt.NDArray[np.bool_], n_eligible: int, k: int) -> Hits:
        """What the index finds, or nothing where exact scores are cheaper or have to decide a tie."""
        exact = isinstance(self.graph, faiss.IndexFlat)
        if n_eligible <= (EXACT_BELOW if exact else max(EXACT_BELOW, EXACT_BELOW_SHARE * len(eligible))):
            return NOTHING
        selector = faiss.IDSelectorBitmap(np.packbits(eligible, bitorder="little"))
        if exact:
            return self._search_flat(query, faiss.SearchParameters(sel=selector), k)
        reach = max(self.ef_search * len(eligible) // n_eligible, k)
        parameters = faiss.SearchParametersHNSW(sel=selector, efSearch=reach)
        items = self.graph.search(query[np.newaxis], k, params=parameters)[1][0]
        found = items[items >= 0]
        return best(found, self.vectors[found] @ query, k)  # the graph's own scores come from 8-bit codes

    def _search_flat(self, query: Vectors, parameters: faiss.SearchParameters, k: int) -> Hits:
        """One more is looked for, to see whether equal scores stand on both sides of the cut."""
        scores, items = (found[0] for found in self.graph.search(query[np.newaxis], k + 1, params=parameters))
        return NOTHING if scores[k - 1] == scores[k] else best(items[:k], scores[:k], k)


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

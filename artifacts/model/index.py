"""The index over item vectors, and the search that answers a query vector under a mask."""

from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from artifacts.model.arrays import open_arrays, save_arrays
from artifacts.model.exact_search import NormOrder
from artifacts.model.inner_products import inner_products

ORDER = "index"
GRAPH_FILE = "index.faiss"
# A graph leads through the items that are not eligible: the fewer are, the further it has to be searched for the same
# recall, until an exact search over just those costs less.
EXACT_BELOW = 2_000
EXACT_BELOW_SHARE = 0.1
# So few are sorted in less time than it takes to find the best of them.
SORTED_UP_TO = 200
MOST_TIES = 10_000  # whose exact scores decide

Vectors = npt.NDArray[np.float32]
Hits = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]
NO_HITS: Hits = (np.empty(0, np.int64), np.empty(0, np.float32))


@dataclass(frozen=True)
class ItemIndex:
    """Inner-product search over `vectors` (n_items, n_dimensions) float32.

    `order` is searched exactly. `graph` is None, or, where vectors are so alike in length that this takes long, a FAISS
    index of the same rows that is searched approximately, with `ef_search`.
    """

    vectors: Vectors
    order: NormOrder
    graph: faiss.Index | None
    ef_search: int

    def search(self, query: Vectors, eligible: npt.NDArray[np.bool_], k: int) -> Hits:
        """The k eligible items with the largest inner product with `query` (n_dimensions,), best first.

        `eligible` is (n_items,). Answers item indexes (m,) int64 and scores (m,) float32, where m is the smaller
        of k and the number of eligible items; equal scores stand in the order of their index.
        """
        if k == 0 or len(self.vectors) == 0:
            return NO_HITS
        if self.graph is not None:
            hits = self._search_graph(self.graph, query, eligible, k)
            if len(hits[0]) == k:
                return hits
        items, scores = self.order.find(self.vectors, query, eligible, k)
        if len(items) > max(MOST_TIES, k):
            items = best(items, scores, max(MOST_TIES, k))[0].astype(np.int32)
        return best(items, inner_products(self.vectors.take(items, 0), query), k)

    def _search_graph(self, graph: faiss.Index, query: Vectors, eligible: npt.NDArray[np.bool_], k: int) -> Hits:
        """What the graph finds, or nothing where an exact search is cheaper."""
        n_eligible = int(np.count_nonzero(eligible))
        if n_eligible <= max(EXACT_BELOW, EXACT_BELOW_SHARE * len(eligible)):
            return NO_HITS
        selector = faiss.IDSelectorBitmap(np.packbits(eligible, bitorder="little"))
        reach = max(self.ef_search * len(eligible) // n_eligible, k)
        parameters = faiss.SearchParametersHNSW(sel=selector, efSearch=reach)
        items = graph.search(query[np.newaxis], k, params=parameters)[1][0]
        found = items[items >= 0]
        # The graph's own scores come from 8-bit codes.
        return best(found, inner_products(self.vectors[found], query), k)


def best(items: npt.NDArray[np.integer], scores: npt.NDArray[np.float32], k: int) -> Hits:
    """The k highest scores with their items, best first; equal scores stand in the order of the item's index.

    `items` and `scores` are (n,), `items` without repetition.
    """
    if max(k, SORTED_UP_TO) < len(items):
        threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
        reached = scores >= threshold
        items, scores = items[reached], scores[reached]
    order = np.lexsort((items, -scores))[:k]
    return items[order].astype(np.int64, copy=False), scores[order]


def save_index(directory: Path, index: ItemIndex) -> None:
    """Write the index's files of a version; the vectors are not among them."""
    save_arrays(directory, ORDER, index.order)
    if index.graph is not None:
        faiss.write_index(index.graph, str(directory / GRAPH_FILE))


def open_index(directory: Path, vectors: Vectors, ef_search: int) -> ItemIndex:
    """Open the index's files of a version by memory map."""
    file = directory / GRAPH_FILE
    graph = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC) if file.exists() else None
    return ItemIndex(vectors, open_arrays(directory, ORDER, NormOrder), graph, ef_search)

"""Build the FAISS index over item vectors, and measure what it finds against exact search."""

from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt

# Below this many items an exact search takes well under a millisecond.
EXACT_UP_TO = 50_000
NEIGHBOURS_PER_NODE = 32
EF_CONSTRUCTION = 200
EF_SEARCH = (64, 128, 256, 512)
ENOUGH_RECALL = 0.98
RECALL_AT = 10

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class BuiltIndex:
    """A FAISS index, how far an approximate one has to search, and its recall@10 against exact search."""

    graph: faiss.Index
    ef_search: int
    recall: float


def build_index(vectors: Vectors, queries: Vectors) -> BuiltIndex:
    """An inner-product index over (n_items, n_dimensions) vectors: flat up to `EXACT_UP_TO` items, beyond that HNSW
    over 8-bit codes, searched as far as the real (n_queries, n_dimensions) queries need for `ENOUGH_RECALL`."""
    if len(vectors) <= EXACT_UP_TO:
        graph = faiss.IndexFlatIP(vectors.shape[1])
        graph.add(vectors)
        return BuiltIndex(graph, EF_SEARCH[0], measure_recall(graph, vectors, queries))
    graph = faiss.IndexHNSWSQ(
        vectors.shape[1], faiss.ScalarQuantizer.QT_8bit, NEIGHBOURS_PER_NODE, faiss.METRIC_INNER_PRODUCT
    )
    graph.hnsw.efConstruction = EF_CONSTRUCTION
    graph.train(vectors)
    graph.add(vectors)
    for ef_search in EF_SEARCH:
        graph.hnsw.efSearch = ef_search
        recall = measure_recall(graph, vectors, queries)
        if recall >= ENOUGH_RECALL:
            break
    return BuiltIndex(graph, ef_search, recall)


def measure_recall(index: faiss.Index, vectors: Vectors, queries: Vectors) -> float:
    """Recall@10 against exact search, over (n_queries, n_dimensions) real query vectors.

    A hit is an item whose exact score reaches the tenth best exact score, so that ties are no misses
    (ann-benchmarks' definition). 1.0 where there is nothing to ask.
    """
    k = min(RECALL_AT, len(vectors))
    if k == 0 or len(queries) == 0:
        return 1.0
    best, _ = faiss.knn(queries, vectors, k, metric=faiss.METRIC_INNER_PRODUCT)
    _, found = index.search(np.ascontiguousarray(queries), k)
    scores = np.einsum("qd,qkd->qk", queries, vectors[np.maximum(found, 0)])
    threshold = best[:, -1:]
    tolerance = 1e-5 * np.abs(threshold) + 1e-7
    return float(np.mean((found >= 0) & (scores >= threshold - tolerance)))

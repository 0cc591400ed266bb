"""Build the index over item vectors, and measure what it finds against exact search."""

from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt

from artifacts.model.exact_search import HEAD, order_by_norm
from artifacts.model.index import ItemIndex

# An exact search within the order's head takes no longer than a graph's; beyond, it has to pick rows.
EXACT_UP_TO = HEAD
SOME_QUERIES = 50
# Twice of both take twice as long to build and to search for the same recall.
NEIGHBOURS_PER_NODE = 16
EF_CONSTRUCTION = 100
EF_SEARCH = (32, 64, 128, 256, 512)
ENOUGH_RECALL = 0.98
RECALL_AT = 10

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class BuiltIndex:
    """An index, and its recall@10 against exact search."""

    index: ItemIndex
    recall: float


def build_index(vectors: Vectors, queries: Vectors) -> BuiltIndex:
    """An inner-product index over (n_items, n_dimensions) vectors for queries like the real (n_queries, n_dimensions).

    Where these look at more than `EXACT_UP_TO` items in an exact search that stops early, there is an HNSW graph over
    8-bit codes too, searched as far as they need for `ENOUGH_RECALL`.
    """
    index = ItemIndex(vectors, order_by_norm(vectors, queries), None, EF_SEARCH[0])
    if looked_at(index, queries[:SOME_QUERIES]) <= EXACT_UP_TO:
        return BuiltIndex(index, measure_recall(index, queries))
    graph = _build_graph(vectors)
    for ef_search in EF_SEARCH:
        index = ItemIndex(vectors, index.order, graph, ef_search)
        recall = measure_recall(index, queries)
        if recall >= ENOUGH_RECALL:
            break
    return BuiltIndex(index, recall)


def _build_graph(vectors: Vectors) -> faiss.Index:
    graph = faiss.IndexHNSWSQ(
        vectors.shape[1], faiss.ScalarQuantizer.QT_8bit, NEIGHBOURS_PER_NODE, faiss.METRIC_INNER_PRODUCT
    )
    graph.hnsw.efConstruction = EF_CONSTRUCTION
    graph.train(vectors)
    graph.add(vectors)
    return graph


def looked_at(index: ItemIndex, queries: Vectors) -> float:
    """How many items an exact search for the best 10 has to look at, on average over queries (n_queries,
    n_dimensions); 0 where there is nothing to ask."""
    order, everything = index.order, np.ones(len(index.vectors), np.bool_)
    if len(everything) == 0 or len(queries) == 0:
        return 0.0
    if len(everything) <= RECALL_AT:
        return float(len(everything))
    worst = [float(index.search(query, everything, RECALL_AT)[1][-1]) for query in queries]
    reached = [order.reach(order.bounds(query), score) for query, score in zip(queries, worst, strict=True)]
    return float(np.mean(reached))


def measure_recall(index: ItemIndex, queries: Vectors) -> float:
    """Recall@10 against a scan of all items, over (n_queries, n_dimensions) real query vectors.

    A hit is an item whose exact score reaches the tenth best exact score, so that ties are no misses
    (ann-benchmarks' definition). 1.0 where there is nothing to ask.
    """
    k = min(RECALL_AT, len(index.vectors))
    if k == 0 or len(queries) == 0:
        return 1.0
    exact, _ = faiss.knn(queries, index.vectors, k, metric=faiss.METRIC_INNER_PRODUCT)
    everything = np.ones(len(index.vectors), np.bool_)
    found = [index.search(query, everything, k)[0] for query in queries]
    hits = [
        np.count_nonzero(index.vectors[items] @ query >= worst - 1e-5 * abs(worst) - 1e-7)
        for items, query, worst in zip(found, queries, exact[:, -1], strict=True)
    ]
    return float(np.sum(hits)) / (k * len(queries))

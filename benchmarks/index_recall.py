"""What the search over item vectors finds and takes, against a scan of all of them and against plain FAISS indexes."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from artifacts.model.catalogue import Catalogue
from artifacts.model.exact_search import order_by_norm
from artifacts.model.index import ItemIndex
from artifacts.model.model import Model, open_model
from artifacts.queries.scoring import query_vectors
from benchmarks.part import Bench, Part
from benchmarks.stores import SIZES, find_store
from benchmarks.table import Row, at_least

K = 10
EVERYTHING = "all items"
QUERIES = 100  # a round; other ones in each
SCANS = 10  # queries a scan is timed with, and made for at a time: on L each reads a gigabyte
SEED = 0
NARROW = 0.01  # of the items, that a filter leaves
ENOUGH_RECALL = 0.95  # up to which a FAISS index is searched further
PROBES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)
EF_SEARCH = (16, 32, 64, 128, 256, 512, 1_024)
HNSW_UP_TO = 200_000  # items: beyond, building a graph takes longer than all else here
TARGETS = {"L": at_least(0.95)}

Vectors = npt.NDArray[np.float32]
Masks = tuple[npt.NDArray[np.bool_], ...]
Search = Callable[[Vectors, npt.NDArray[np.bool_]], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Asked:
    """`queries` (n, n_dimensions) of real users, for each the items (n_items,) that are `eligible`, how many of them it
    `wants` (n,), and the score of the last of these, `least` (n,)."""

    queries: Vectors
    eligible: Masks
    wants: npt.NDArray[np.int64]
    least: Vectors


Kinds = Mapping[str, Asked]  # the same queries, by what is eligible


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Recall and time by what is eligible, then against FAISS with all items eligible, then the building."""
    model = open_model(find_store(bench, size).current_path())
    rng = np.random.default_rng(SEED)
    rounds = [_draw(model, rng) for _ in range(bench.rounds)]
    peers = _faiss_peers(model.item_vectors, _draw(model, rng)[EVERYTHING])
    with threadpool_limits(1):  # as the service's workers run
        for name in rounds[0]:
            yield from _ours(model.index, size, name, rounds)
        for name, search in peers.items():
            yield from _against(model.index, search, f"FAISS {name}", size, rounds)
        built = tuple(_build_seconds(model.item_vectors, kinds[EVERYTHING].queries) for kinds in rounds)
        yield Row(PART.name, size, "putting the items in order", "s", built)


def _draw(model: Model, rng: np.random.Generator) -> Kinds:
    users = rng.choice(len(model.user_ids), min(2 * QUERIES, len(model.user_ids)), replace=False)
    users = users[model.user_factors[users].any(axis=1)][:QUERIES]
    n_items, available = len(model.item_ids), model.catalogue.available
    mine = [available.copy() for _ in users]
    for eligible, user in zip(mine, users.tolist(), strict=True):
        eligible[model.history.items[model.history.row(user)]] = False
    narrow = narrowed(model.catalogue, n_items, rng)
    masks = {
        EVERYTHING: (np.ones(n_items, np.bool_),) * len(users),
        "all but the user's and the unavailable": tuple(mine),
        "a filter's 1% of those": tuple(eligible & narrow for eligible in mine),
    }
    queries = query_vectors(model.recipe.weights, model.user_factors[users])
    return {name: ask(model.item_vectors, queries, eligible) for name, eligible in masks.items()}


def ask(vectors: Vectors, queries: Vectors, eligible: Masks) -> Asked:
    """What a scan of all items finds for queries (n, n_dimensions)."""
    wants = np.array([min(K, np.count_nonzero(allowed)) for allowed in eligible])
    least = np.full(len(queries), np.inf, np.float32)
    for start in range(0, len(queries), SCANS):
        scores = queries[start : start + SCANS] @ vectors.T
        for row, number in enumerate(range(start, start + len(scores))):
            allowed = scores[row][eligible[number]]
            if len(allowed):
                place = len(allowed) - wants[number]
                least[number] = np.partition(allowed, place)[place]
    return Asked(queries, eligible, wants, least)


def narrowed(catalogue: Catalogue, n_items: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """The items of the category nearest to 1% of all; without categories, any 1%."""
    if len(catalogue.categories) == 0:
        return rng.permutation(n_items) < NARROW * n_items
    sizes = np.bincount(catalogue.category[catalogue.category >= 0], minlength=len(catalogue.categories))
    return np.equal(catalogue.category, np.argmin(np.abs(sizes - NARROW * n_items)))


def _ours(index: ItemIndex, size: str, name: str, rounds: list[Kinds]) -> Iterator[Row]:
    ours = _searching(index)
    recall, full = zip(*(judge(index.vectors, ours, kinds[name]) for kinds in rounds), strict=True)
    yield Row(PART.name, size, f"recall@{K}, {name}", "", recall, target=TARGETS.get(size))
    yield Row(PART.name, size, f"answers of {K} items where {K} exist, {name}", "", full, target=at_least(1))
    times = _in_turns({"ours": ours, "scan": _scanning(index.vectors)}, [kinds[name] for kinds in rounds])
    yield Row(PART.name, size, f"search / scan by BLAS, {name}", "µs", times["ours"], times["scan"])


def _against(index: ItemIndex, peer: Search, title: str, size: str, rounds: list[Kinds]) -> Iterator[Row]:
    asked = [kinds[EVERYTHING] for kinds in rounds]
    recall = tuple(judge(index.vectors, peer, each)[0] for each in asked)
    yield Row(PART.name, size, f"recall@{K} of {title}", "", recall)
    times = _in_turns({"ours": _searching(index), "peer": peer}, asked)
    yield Row(PART.name, size, f"search / {title}", "µs", times["ours"], times["peer"])


def _searching(index: ItemIndex) -> Search:
    return lambda query, eligible: index.search(query, eligible, K)[0]


def _scanning(vectors: Vectors) -> Search:
    def scan(query: Vectors, eligible: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        scores = vectors @ query
        scores[~eligible] = -np.inf
        items = np.argpartition(scores, len(scores) - K)[-K:]
        return items[np.argsort(-scores[items])]

    return scan


def judge(vectors: Vectors, search: Search, asked: Asked) -> tuple[float, float]:
    """Recall@10, and the share of answers that are as long as they can be.

    A hit reaches the tenth best score of a scan, so that ties are no misses (ann-benchmarks' definition).
    """
    hits = full = 0
    for query, allowed, wanted, least in zip(asked.queries, asked.eligible, asked.wants, asked.least, strict=True):
        items = search(query, allowed)
        items = items[items >= 0]
        scores = vectors[items] @ query
        hits += int(np.count_nonzero(allowed[items] & (scores >= least - 1e-5 * abs(least) - 1e-7)))
        full += len(items) == wanted
    return float(hits / asked.wants.sum()), full / len(asked.queries)


def _in_turns(ways: Mapping[str, Search], rounds: list[Asked]) -> dict[str, tuple[float, ...]]:
    """Microseconds of processor time a search by way, one a round, after a round that does not count."""
    measured: dict[str, list[float]] = {way: [] for way in ways}
    for asked in (rounds[0], *rounds):
        for way, search in ways.items():
            some = SCANS if way == "scan" else len(asked.queries)
            measured[way].append(_search_seconds(search, asked.queries[:some], asked.eligible[:some]) / some * 1e6)
    return {way: tuple(values[1:]) for way, values in measured.items()}


def _search_seconds(search: Search, queries: Vectors, eligible: Masks) -> float:
    start = time.process_time()
    for query, allowed in zip(queries, eligible, strict=True):
        search(query, allowed)
    return time.process_time() - start


def _build_seconds(vectors: Vectors, queries: Vectors) -> float:
    start = time.process_time()
    order_by_norm(vectors, queries)
    return time.process_time() - start


def _faiss_peers(vectors: Vectors, asked: Asked) -> dict[str, Search]:
    """IVF and, where it is built in time, HNSW, each searched as far as some queries need for `ENOUGH_RECALL`."""
    lists = min(1_024, int(4 * np.sqrt(len(vectors))))
    ivf = faiss.IndexIVFFlat(faiss.IndexFlatIP(vectors.shape[1]), vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(SEED).choice(len(vectors), min(40 * lists, len(vectors)), replace=False)
    ivf.train(vectors[sample])
    ivf.add(vectors)
    probing = [faiss.SearchParametersIVF(nprobe=probes) for probes in PROBES]
    peers = {"IVF": _far_enough(ivf, probing, vectors, asked)}
    if len(vectors) <= HNSW_UP_TO:
        graph = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
        graph.add(vectors)
        reaching = [faiss.SearchParametersHNSW(efSearch=ef_search) for ef_search in EF_SEARCH]
        peers["HNSW"] = _far_enough(graph, reaching, vectors, asked)
    return peers


def _far_enough(index: faiss.Index, depths: list[faiss.SearchParameters], vectors: Vectors, asked: Asked) -> Search:
    for depth in depths:
        search = _at_depth(index, depth)
        if judge(vectors, search, asked)[0] >= ENOUGH_RECALL:
            break
    return search


def _at_depth(index: faiss.Index, depth: faiss.SearchParameters) -> Search:
    return lambda query, eligible: index.search(query[np.newaxis], K, params=depth)[1][0]


PART = Part("index", "recall and time of the search, against a scan and FAISS", SIZES, measure)

"""What the search over item vectors finds and takes, against a scan of all of them and against plain FAISS indexes."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from artifacts.by_length import order_by_length
from artifacts.catalogue import Catalogue
from artifacts.index import ItemIndex
from artifacts.model import Model, open_model
from artifacts.scoring import query_vectors
from benchmarks.part import Bench, Part
from benchmarks.stores import SIZES, find_store
from benchmarks.table import Row, at_least

K = 10
QUERIES = 100  # a round; other ones in each
SCANS = 10  # of them are scanned for: on L that is a gigabyte each
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
    """`queries` (n, n_dimensions) of real users; for each way of asking, by name, the items (n_items,) that may be
    found for each of them."""

    queries: Vectors
    eligible: Mapping[str, Masks]


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Recall and time by what is eligible, then against FAISS with all items eligible, then the building."""
    model = open_model(find_store(bench, size).current_path())
    rng = np.random.default_rng(SEED)
    rounds = [_draw(model, rng) for _ in range(bench.rounds)]
    peers = _faiss_peers(model.item_vectors, _draw(model, rng).queries)
    with threadpool_limits(1):  # as the service's workers run
        for name in rounds[0].eligible:
            yield from _ours(model.index, size, name, rounds)
        for name, search in peers.items():
            yield from _against(model.index, search, f"FAISS {name}", size, rounds)
        built = tuple(
            _seconds(lambda asked=asked: order_by_length(model.item_vectors, asked.queries)) for asked in rounds
        )
        yield Row(PART.name, size, "putting the items in order", "s", built)


def _draw(model: Model, rng: np.random.Generator) -> Asked:
    users = rng.choice(len(model.user_ids), min(2 * QUERIES, len(model.user_ids)), replace=False)
    users = users[model.user_factors[users].any(axis=1)][:QUERIES]
    n_items, available = len(model.item_ids), model.catalogue.available
    mine = [available.copy() for _ in users]
    for eligible, user in zip(mine, users.tolist(), strict=True):
        eligible[model.history.items[model.history.row(user)]] = False
    narrow = narrowed(model.catalogue, n_items, rng)
    return Asked(
        query_vectors(model.recipe.weights, model.user_factors[users]),
        {
            "all items": (np.ones(n_items, np.bool_),) * len(users),
            "all but the user's and the unavailable": tuple(mine),
            "a filter's 1% of those": tuple(eligible & narrow for eligible in mine),
        },
    )


def narrowed(catalogue: Catalogue, n_items: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """The items of the category nearest to 1% of all; without categories, any 1%."""
    if len(catalogue.categories) == 0:
        return rng.permutation(n_items) < NARROW * n_items
    sizes = np.bincount(catalogue.category[catalogue.category >= 0], minlength=len(catalogue.categories))
    return catalogue.category == np.argmin(np.abs(sizes - NARROW * n_items))


def _ours(index: ItemIndex, size: str, name: str, rounds: list[Asked]) -> Iterator[Row]:
    ours = _searching(index)
    measured = [judge(index.vectors, ours, asked.queries, asked.eligible[name]) for asked in rounds]
    recall, full = zip(*measured, strict=True)
    yield Row(PART.name, size, f"recall@{K}, {name}", "", recall, target=TARGETS.get(size))
    yield Row(PART.name, size, f"answers of {K} items where {K} exist, {name}", "", full, target=at_least(1))
    ways = {"ours": ours, "scan": _scanning(index.vectors)}
    times = _in_turns(ways, rounds, name)
    yield Row(PART.name, size, f"search / scan by BLAS, {name}", "µs", times["ours"], times["scan"])


def _against(index: ItemIndex, peer: Search, title: str, size: str, rounds: list[Asked]) -> Iterator[Row]:
    name = "all items"
    recall = tuple(judge(index.vectors, peer, asked.queries, asked.eligible[name])[0] for asked in rounds)
    yield Row(PART.name, size, f"recall@{K} of {title}", "", recall)
    times = _in_turns({"ours": _searching(index), "peer": peer}, rounds, name)
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


def judge(vectors: Vectors, search: Search, queries: Vectors, eligible: Masks) -> tuple[float, float]:
    """Recall@10, and the share of answers that are as long as they can be.

    A hit reaches the tenth best score of a scan, so that ties are no misses (ann-benchmarks' definition).
    """
    hits = possible = full = 0
    for query, allowed in zip(queries, eligible, strict=True):
        scores = np.where(allowed, vectors @ query, np.float32(-np.inf))
        k = min(K, np.count_nonzero(allowed))
        worst = np.partition(scores, len(scores) - k)[len(scores) - k]
        items = search(query, allowed)
        hits += np.count_nonzero(scores[items] >= worst - 1e-5 * abs(worst) - 1e-7)
        possible += k
        full += len(items) == k
    return hits / possible, full / len(queries)


def _in_turns(ways: Mapping[str, Search], rounds: list[Asked], name: str) -> dict[str, tuple[float, ...]]:
    """Microseconds of processor time a search by way, one a round, after a round that does not count."""
    found: dict[str, list[float]] = {way: [] for way in ways}
    for asked in (rounds[0], *rounds):
        for way, search in ways.items():
            some = SCANS if way == "scan" else len(asked.queries)
            pairs = list(zip(asked.queries[:some], asked.eligible[name][:some], strict=True))
            found[way].append(_seconds(lambda: [search(*pair) for pair in pairs]) / some * 1e6)  # noqa: B023
    return {way: tuple(values[1:]) for way, values in found.items()}


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _faiss_peers(vectors: Vectors, queries: Vectors) -> dict[str, Search]:
    """IVF and, where it is built in time, HNSW, each searched as far as `queries` need for `ENOUGH_RECALL`."""
    lists = min(1_024, int(4 * np.sqrt(len(vectors))))
    ivf = faiss.IndexIVFFlat(faiss.IndexFlatIP(vectors.shape[1]), vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(SEED).choice(len(vectors), min(40 * lists, len(vectors)), replace=False)
    ivf.train(vectors[sample])
    ivf.add(vectors)
    probing = [faiss.SearchParametersIVF(nprobe=probes) for probes in PROBES]
    peers = {"IVF": _far_enough(ivf, probing, vectors, queries)}
    if len(vectors) <= HNSW_UP_TO:
        graph = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
        graph.add(vectors)
        reaching = [faiss.SearchParametersHNSW(efSearch=ef_search) for ef_search in EF_SEARCH]
        peers["HNSW"] = _far_enough(graph, reaching, vectors, queries)
    return peers


def _far_enough(index: faiss.Index, depths: list[faiss.SearchParameters], vectors: Vectors, queries: Vectors) -> Search:
    everything = (np.ones(len(vectors), np.bool_),) * len(queries)
    for depth in depths:
        search = _at_depth(index, depth)
        if judge(vectors, search, queries, everything)[0] >= ENOUGH_RECALL:
            break
    return search


def _at_depth(index: faiss.Index, depth: faiss.SearchParameters) -> Search:
    return lambda query, eligible: index.search(query[np.newaxis], K, params=depth)[1][0]


PART = Part("index", "recall and time of the search, against a scan and FAISS", SIZES, measure)

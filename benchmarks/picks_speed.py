"""How many users a second `make picks` answers, against BLAS alone at the product of their query vectors and all items,
and against what others need to rank the same vectors.

`make picks` is timed as a process, from its start to the Parquet file in its place. The others are given the vectors,
find items alone, and write nothing; they are asked about fewer users, as their time grows with them.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import faiss
import numpy as np
import numpy.typing as npt
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from artifacts.batch.item_bounds import bound_items
from artifacts.cpus import available_cpus
from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from artifacts.queries.query import DEFAULT_LIMIT, Filters, Query
from artifacts.queries.scoring import query_vectors
from benchmarks.part import Bench, Part
from benchmarks.rectools_peer import rank_seconds, save_task, set_up
from benchmarks.stores import find_store
from benchmarks.table import Row, at_least

SEED = 0
USERS = {"S": 4_000, "M": 200_000}
PEERS_USERS = {"S": 4_000, "M": 10_000}
TILE = 1_024  # users and items multiplied at a time: at full speed, and what is made stays in the cache
TARGET = {"M": at_least(0.6)}
UNIT = "users/s"
PLAIN, CHEAP = "bought excluded", "the cheaper half of the items"
PRODUCT, CHEAP_PRODUCT = "BLAS alone", "BLAS alone on these"

Vectors = npt.NDArray[np.float32]
Ways: TypeAlias = Mapping[str, Callable[[], float]]


@dataclass(frozen=True)
class Task:
    """`queries` (n, n_dimensions) and `vectors` (n_items, n_dimensions), float32; `bought` (n, n_items)."""

    queries: Vectors
    vectors: Vectors
    bought: csr_matrix


def measure(bench: Bench, size: str) -> Iterator[Row]:
    """Rows of the shop of a size."""
    store = find_store(bench, size)
    model = open_model(store.current_path())
    users = np.random.default_rng(SEED).permutation(len(model.user_ids))[: USERS[size]]
    task = _task(model, np.sort(users[: PEERS_USERS[size]]))
    with TemporaryDirectory(prefix="picks-", dir=bench.directory) as name:
        listed = Path(name) / "users.txt"
        listed.write_text("\n".join(model.user_ids[user] for user in users.tolist()))
        price = float(np.nanmedian(model.catalogue.price))
        cheap = bound_items(model, Query(filters=Filters(max_price=price))).items
        ours = {
            PLAIN: partial(_picks, store, listed),
            "bought allowed": partial(_picks, store, listed, "--repeat", "allow"),
            CHEAP: partial(_picks, store, listed, "--max-price", str(price)),
        }
        peers = {
            PRODUCT: partial(_product, task.queries, task.vectors),
            CHEAP_PRODUCT: partial(_product, task.queries, task.vectors[cheap]),
            "implicit's batch recommend": partial(_implicit, task),
            "a flat FAISS index, bought items among its picks": partial(_faiss, task),
        }
        python = set_up(bench.directory)
        if python is not None:
            saved = save_task(Path(name) / "task", task.queries, task.vectors, task.bought)
            peers["RecTools' ranker"] = partial(rank_seconds, python, saved, DEFAULT_LIMIT)
        rounds = [(_speeds(ours, len(users)), _speeds(peers, len(task.queries))) for _ in range(bench.rounds)]
    yield from _rows(size, rounds, "ranker" if len(model.forest) else "blend")
    if python is None:
        print("picks: RecTools could not be installed: left out", file=sys.stderr)


def _task(model: Model, users: npt.NDArray[np.int64]) -> Task:
    history, n_users, n_items = model.history, len(model.user_ids), len(model.item_ids)
    bought = csr_matrix((history.times_bought, history.items, history.indptr), (n_users, n_items))[users]
    bought.eliminate_zeros()
    queries = query_vectors(model.recipe.weights, model.user_factors[users])
    return Task(queries, np.array(model.item_vectors), bought.astype(np.float32))


def _speeds(ways: Ways, n_users: int) -> dict[str, float]:
    return {name: n_users / seconds() for name, seconds in ways.items()}


def _rows(size: str, rounds: Sequence[tuple[dict[str, float], dict[str, float]]], recipe: str) -> Iterator[Row]:
    """Each of ours against its product, then what is asked by default against each peer."""
    ours, peers = rounds[0]
    pairs = [(name, CHEAP_PRODUCT if name == CHEAP else PRODUCT) for name in ours]
    pairs += [(PLAIN, name) for name in peers if name not in {PRODUCT, CHEAP_PRODUCT}]
    for name, peer in pairs:
        yield Row(
            PART.name,
            size,
            f"make picks, {recipe}, {name} / {peer}",
            UNIT,
            tuple(ours[name] for ours, _ in rounds),
            tuple(peers[peer] for _, peers in rounds),
            TARGET.get(size) if peer in {PRODUCT, CHEAP_PRODUCT} else None,
        )


def _picks(store: Store, listed: Path, *options: str) -> float:
    out = listed.with_name("picks.parquet")
    command = [sys.executable, "-m", "training", "picks", "--out", out, "--users", listed, "--quiet", *options]
    environment = {**os.environ, "ARTIFACTS_DIR": str(store.root)}
    start = time.perf_counter()
    subprocess.run([*map(str, command)], env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    return time.perf_counter() - start


def _product(queries: Vectors, vectors: Vectors) -> float:
    """A thread a processor, each with a BLAS of one thread: faster than BLAS's own threads."""
    buffers = threading.local()

    def multiply(start: int) -> None:
        if not hasattr(buffers, "scores"):
            buffers.scores = np.empty((TILE, TILE), np.float32)
        tile = queries[start : start + TILE]
        for item in range(0, len(vectors), TILE):
            items = vectors[item : item + TILE]
            np.matmul(tile, items.T, out=buffers.scores[: len(tile), : len(items)])

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(available_cpus()) as pool:
        start = time.perf_counter()
        for _ in pool.map(multiply, range(0, len(queries), TILE)):
            pass
        return time.perf_counter() - start


def _implicit(task: Task) -> float:
    with threadpool_limits(1, "blas"):  # it has threads of its own, and warns
        model = AlternatingLeastSquares(factors=task.queries.shape[1], num_threads=available_cpus())
        model.user_factors, model.item_factors = task.queries, task.vectors
        start = time.perf_counter()
        model.recommend(np.arange(len(task.queries)), task.bought, N=DEFAULT_LIMIT, filter_already_liked_items=True)
        return time.perf_counter() - start


def _faiss(task: Task) -> float:
    index = faiss.IndexFlatIP(task.vectors.shape[1])
    index.add(task.vectors)
    start = time.perf_counter()
    index.search(task.queries, DEFAULT_LIMIT)
    return time.perf_counter() - start


PART = Part("picks", "users a second of make picks, against BLAS alone and others' batches", tuple(USERS), measure)

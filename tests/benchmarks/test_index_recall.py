"""What the benchmark of the search says of searches whose recall is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from artifacts.model.catalogue import Catalogue
from artifacts.model.categories import as_categories
from artifacts.model.ids import encode_ids
from artifacts.model.model import open_model
from artifacts.publishing.store import Store
from benchmarks import index_recall
from benchmarks.index_recall import PART, TARGETS, K, Search, ask, judge, narrowed
from benchmarks.part import Bench

VECTORS = np.arange(1, 41, dtype=np.float32)[:, np.newaxis] * np.ones(4, np.float32)
QUERIES = np.ones((3, 4), np.float32)


def masks(*items: int) -> tuple[np.ndarray, ...]:
    return (np.isin(np.arange(40), items),) * len(QUERIES)


def best_of(*items: int) -> Search:
    return lambda query, eligible: np.array(items)


def test_what_is_missed_counts_against_recall_and_what_is_short_against_the_answers() -> None:
    everything = masks(*range(40))
    assert judge(VECTORS, best_of(*range(30, 40)), ask(VECTORS, QUERIES, everything)) == (1.0, 1.0)
    assert judge(VECTORS, best_of(*range(25, 35)), ask(VECTORS, QUERIES, everything)) == (0.5, 1.0)
    assert judge(VECTORS, best_of(*range(35, 40)), ask(VECTORS, QUERIES, everything)) == (0.5, 0.0)


def test_where_fewer_are_eligible_that_many_are_enough() -> None:
    assert judge(VECTORS, best_of(3, 5), ask(VECTORS, QUERIES, masks(3, 5))) == (1.0, 1.0)


def test_an_item_that_is_not_eligible_is_no_hit() -> None:
    assert judge(VECTORS, best_of(*range(30, 40)), ask(VECTORS, QUERIES, masks(*range(20, 35))))[0] == 0.5


def test_the_filter_leaves_the_category_nearest_to_a_hundredth(tiny_store: Store) -> None:
    catalogue = open_model(tiny_store.current_path()).catalogue
    category = np.repeat([0, 1, 2], [300, 12, 688]).astype(np.int32)
    rng = np.random.default_rng(0)
    named: Catalogue = replace(catalogue, category=category, categories=as_categories(encode_ids(["a", "b", "c"])))
    assert np.flatnonzero(narrowed(named, 1_000, rng)).tolist() == list(range(300, 312))
    nameless: Catalogue = replace(catalogue, category=category, categories=as_categories(encode_ids([])))
    assert narrowed(nameless, 1_000, rng).sum() == 10


def test_rows(monkeypatch: pytest.MonkeyPatch, tiny_store: Store, tmp_path: Path) -> None:
    monkeypatch.setitem(TARGETS, "S", TARGETS["L"])
    monkeypatch.setattr(index_recall, "QUERIES", 20)
    rows = {row.name: row for row in PART.measure(Bench(2, tmp_path, store=tiny_store.root), "S")}
    recall = [row for name, row in rows.items() if name.startswith(f"recall@{K}, ")]
    assert [row.values for row in recall] == [(1.0, 1.0)] * 3
    assert all(row.target and row.target.met_by(1.0) for row in recall)
    assert rows["search / scan by BLAS, all items"].against
    for peer in ("IVF", "HNSW"):
        assert min(rows[f"recall@{K} of FAISS {peer}"].values) > 0.5
        assert rows[f"search / FAISS {peer}"].against

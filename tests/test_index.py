"""Search under a mask against brute force, and the recall that is measured when an index is built."""

from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts import index as search
from artifacts.index import ItemIndex, best, open_index, save_index
from training import index as building
from training.index import build_index, measure_recall

N_ITEMS = 6_000
N_DIMENSIONS = 16


def flat(vectors: np.ndarray) -> faiss.Index:
    graph = faiss.IndexFlatIP(vectors.shape[1])
    graph.add(vectors)
    return graph


def skewed_vectors(rng: np.random.Generator, n_items: int) -> np.ndarray:
    """As ALS gives them: in clusters of taste, with norms that follow a long-tailed popularity."""
    centres = np.random.default_rng(5).normal(size=(20, N_DIMENSIONS))
    tastes = centres[rng.integers(0, 20, n_items)] + 0.5 * rng.normal(size=(n_items, N_DIMENSIONS))
    norms = np.minimum(0.05 * rng.pareto(1.2, n_items) + 0.001, 1.0)
    return (tastes * norms[:, np.newaxis]).astype(np.float32)


def queries(rng: np.random.Generator, n_queries: int) -> np.ndarray:
    centres = np.random.default_rng(5).normal(size=(20, N_DIMENSIONS))
    chosen = centres[rng.integers(0, 20, n_queries)]
    return (chosen + 0.5 * rng.normal(size=chosen.shape)).astype(np.float32)


def brute_force(vectors: np.ndarray, query: np.ndarray, eligible: np.ndarray, k: int) -> list[int]:
    scores = (vectors @ query).tolist()
    allowed = np.flatnonzero(eligible).tolist()
    return sorted(allowed, key=lambda item: (-scores[item], item))[:k]


@pytest.fixture(scope="module")
def skewed() -> np.ndarray:
    return skewed_vectors(np.random.default_rng(0), N_ITEMS)


@pytest.fixture(scope="module")
def approximate(skewed: np.ndarray) -> building.BuiltIndex:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "EXACT_UP_TO", 0)
        return build_index(skewed, queries(np.random.default_rng(1), 300))


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(-3, 3)), max_size=30, unique_by=lambda pair: pair[0]),
    st.integers(1, 35),
)
def test_best_is_what_sorting_gives_ties_by_index(pairs, k):
    items = np.array([item for item, _ in pairs], np.int64)
    scores = np.array([score for _, score in pairs], np.float32)
    chosen, reached = best(items, scores, k)
    assert list(zip(chosen.tolist(), reached.tolist(), strict=True)) == sorted(pairs, key=lambda p: (-p[1], p[0]))[:k]


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_items=st.integers(1, 60),
    few=st.sampled_from([0, 20, 1_000]),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    k=st.integers(1, 70),
)
def test_flat_search_under_a_mask_is_brute_force_ties_included(seed, n_items, few, share, k):
    """Small whole numbers make equal scores common; `few` sends a search by exact scores, by FAISS, or by either."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(0, 3, (n_items, 3)).astype(np.float32)
    query = rng.integers(-1, 3, 3).astype(np.float32)
    eligible = rng.random(n_items) < share
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "EXACT_BELOW", few)
        items, scores = ItemIndex(vectors, flat(vectors), 64).search(query, eligible, k)
    assert items.tolist() == brute_force(vectors, query, eligible, k)
    assert scores.tolist() == (vectors @ query)[items].tolist()


@pytest.mark.parametrize("share", [1.0, 0.6, 0.3, 0.12, 0.05, 0.001])
def test_graph_search_finds_nearly_all_under_any_mask(monkeypatch, skewed, approximate, share):
    monkeypatch.setattr(search, "EXACT_BELOW", 50)
    rng = np.random.default_rng(2)
    index = ItemIndex(skewed, approximate.graph, approximate.ef_search)
    found = []
    for query in queries(rng, 50):
        eligible = rng.random(N_ITEMS) < share
        items, scores = index.search(query, eligible, 10)
        assert eligible[items].all()
        assert len(set(items.tolist())) == len(items) == min(10, np.count_nonzero(eligible))
        assert scores.tolist() == sorted(scores.tolist(), reverse=True)
        np.testing.assert_allclose(scores, skewed[items] @ query, rtol=1e-5)
        found.append(np.isin(brute_force(skewed, query, eligible, 10), items).mean())
    assert np.mean(found) > 0.95


def test_a_graph_answers_as_many_as_asked_for(monkeypatch, skewed, approximate):
    monkeypatch.setattr(search, "EXACT_BELOW", 50)
    index = ItemIndex(skewed, approximate.graph, approximate.ef_search)
    query = queries(np.random.default_rng(3), 1)[0]
    everything = np.ones(N_ITEMS, np.bool_)
    assert [len(index.search(query, everything, k)[0]) for k in (1, 100, 1_000)] == [1, 100, 1_000]
    assert len(index.search(query, np.zeros(N_ITEMS, np.bool_), 10)[0]) == 0


@pytest.mark.parametrize("kind", ["flat", "graph"])
def test_an_opened_index_answers_as_the_saved_one(tmp_path: Path, monkeypatch, skewed, approximate, kind):
    monkeypatch.setattr(search, "EXACT_BELOW", 50)
    graph = flat(skewed) if kind == "flat" else approximate.graph
    save_index(tmp_path, graph)
    opened = open_index(tmp_path, skewed, 64)
    rng = np.random.default_rng(4)
    for query in queries(rng, 10):
        eligible = rng.random(N_ITEMS) < 0.7
        before, after = (index.search(query, eligible, 10) for index in (ItemIndex(skewed, graph, 64), opened))
        assert before[0].tolist() == after[0].tolist()
        assert before[1].tolist() == after[1].tolist()
        if kind == "flat":
            assert after[0].tolist() == brute_force(skewed, query, eligible, 10)


def test_the_index_is_exact_up_to_a_size_and_a_graph_beyond(approximate, skewed):
    built = build_index(skewed, queries(np.random.default_rng(1), 20))
    assert isinstance(built.graph, faiss.IndexFlat)
    assert built.recall == 1.0
    assert isinstance(approximate.graph, faiss.IndexHNSW)


def test_recall_of_a_graph_over_skewed_vectors_is_enough(approximate):
    assert building.ENOUGH_RECALL <= approximate.recall < 1.0


def test_a_graph_that_misses_is_searched_further(monkeypatch, skewed):
    monkeypatch.setattr(building, "EXACT_UP_TO", 0)
    monkeypatch.setattr(building, "ENOUGH_RECALL", 2.0)
    assert build_index(skewed[:500], skewed[:20]).ef_search == building.EF_SEARCH[-1]


def test_the_same_vectors_give_the_same_graph(monkeypatch, skewed):
    monkeypatch.setattr(building, "EXACT_UP_TO", 0)
    graphs = [build_index(skewed[:2_000], skewed[:20]).graph for _ in range(2)]
    assert faiss.serialize_index(graphs[0]).tobytes() == faiss.serialize_index(graphs[1]).tobytes()


def test_recall_counts_the_items_that_an_index_misses():
    """20 items on a line; an index over the lower ones alone finds none of the ten best, over all but five, half."""
    vectors = np.arange(1, 21, dtype=np.float32)[:, np.newaxis]
    query = np.ones((3, 1), np.float32)
    blind_to_best = vectors.copy()
    blind_to_best[-5:] = 0
    blind_to_all = vectors.copy()
    blind_to_all[-10:] = 0
    assert measure_recall(flat(vectors), vectors, query) == 1.0
    assert measure_recall(flat(blind_to_best), vectors, query) == 0.5
    assert measure_recall(flat(blind_to_all), vectors, query) == 0.0


def test_recall_counts_an_equal_score_as_found():
    vectors = np.ones((30, 2), np.float32)
    other_end = faiss.IndexIDMap(faiss.IndexFlatIP(2))
    other_end.add_with_ids(vectors[:10], np.arange(20, 30))
    assert measure_recall(other_end, vectors, vectors[:2]) == 1.0


def test_recall_counts_what_an_index_does_not_answer_as_missed():
    vectors = -np.ones((10, 2), np.float32)
    assert measure_recall(flat(vectors[:4]), vectors, -vectors[:1]) == 0.4


def test_recall_of_nothing_is_perfect():
    vectors = np.ones((3, 2), np.float32)
    assert measure_recall(flat(vectors), vectors, np.empty((0, 2), np.float32)) == 1.0
    assert measure_recall(flat(vectors[:0]), vectors[:0], vectors) == 1.0
    assert measure_recall(flat(vectors), vectors, vectors) == 1.0

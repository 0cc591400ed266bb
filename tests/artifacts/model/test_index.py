"""Search under a mask against brute force, and the recall that is measured when an index is built."""

from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts.model import exact_search
from artifacts.model import index as search
from artifacts.model.exact_search import order_by_norm
from artifacts.model.index import ItemIndex, best, open_index, save_index
from artifacts.model.inner_products import inner_products
from training.fitting import index as building
from training.fitting.index import build_index, looked_at, measure_recall

N_ITEMS = 6_000
N_DIMENSIONS = 16


def exact(vectors: np.ndarray, queries: np.ndarray) -> ItemIndex:
    return ItemIndex(vectors, order_by_norm(vectors, queries), None, 64)


def skewed_vectors(rng: np.random.Generator, n_items: int) -> np.ndarray:
    """As ALS gives them: in clusters of taste, with norms that follow a long-tailed popularity."""
    norms = np.minimum(0.05 * rng.pareto(1.2, n_items) + 0.001, 1.0)
    return (tastes(rng, n_items) * norms[:, np.newaxis]).astype(np.float32)


def tastes(rng: np.random.Generator, n: int) -> np.ndarray:
    centres = np.random.default_rng(5).normal(size=(20, N_DIMENSIONS))
    return (centres[rng.integers(0, 20, n)] + 0.5 * rng.normal(size=(n, N_DIMENSIONS))).astype(np.float32)


def brute_force(vectors: np.ndarray, query: np.ndarray, eligible: np.ndarray, k: int) -> list[int]:
    scores = np.vecdot(vectors, query).tolist()
    allowed = np.flatnonzero(eligible).tolist()
    return sorted(allowed, key=lambda item: (-scores[item], item))[:k]


@pytest.fixture(scope="module")
def skewed() -> np.ndarray:
    return skewed_vectors(np.random.default_rng(0), N_ITEMS)


@pytest.fixture(scope="module")
def approximate(skewed: np.ndarray) -> building.BuiltIndex:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "EXACT_UP_TO", 0)
        return build_index(skewed, tastes(np.random.default_rng(1), 300))


@given(
    st.lists(st.tuples(st.integers(0, 999), st.integers(-3, 3)), max_size=300, unique_by=lambda pair: pair[0]),
    st.integers(1, 350),
    st.sampled_from([0, 200]),
)
def test_best_is_what_sorting_gives_ties_by_index(pairs: list[tuple[int, int]], k: int, sorted_up_to: int) -> None:
    items = np.array([item for item, _ in pairs], np.int64)
    scores = np.array([score for _, score in pairs], np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "SORTED_UP_TO", sorted_up_to)
        chosen, reached = best(items, scores, k)
    assert list(zip(chosen.tolist(), reached.tolist(), strict=True)) == sorted(pairs, key=lambda p: (-p[1], p[0]))[:k]


@settings(deadline=None, max_examples=300)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_items=st.integers(0, 60),
    blocks=st.tuples(st.sampled_from([1, 4, 1_024]), st.sampled_from([0, 7, 1_024]), st.sampled_from([0.0, 0.25, 1.0])),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    k=st.integers(0, 70),
)
def test_exact_search_under_a_mask_is_brute_force_ties_included(
    seed: int, n_items: int, blocks: tuple[int, int, float], share: float, k: int
) -> None:
    """Small whole numbers make equal scores common; small blocks make a search stop between them."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-1, 3, (n_items, 6)).astype(np.float32) * rng.integers(1, 9, (n_items, 1)).astype(np.float32)
    query = rng.integers(-1, 3, 6).astype(np.float32)
    eligible = rng.random(n_items) < share
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(("FIRST", "HEAD", "PICKED_SHARE"), blocks, strict=True):
            patch.setattr(exact_search, name, value)
        patch.setattr(exact_search, "GROWTH", 2)
        patch.setattr(exact_search, "MOST_AT_ONCE", 10)
        index = exact(vectors, np.stack([query, query + 1]))
        items, scores = index.search(query, eligible, k)
    assert items.tolist() == brute_force(vectors, query, eligible, k)
    assert scores.tolist() == (vectors @ query)[items].tolist()


@pytest.mark.parametrize("share", [1.0, 0.3, 0.01])
def test_exact_search_over_skewed_vectors_is_brute_force(skewed: np.ndarray, share: float) -> None:
    rng = np.random.default_rng(2)
    index = exact(skewed, tastes(rng, 100))
    for query in tastes(rng, 50):
        eligible = rng.random(N_ITEMS) < share
        items, scores = index.search(query, eligible, 10)
        assert items.tolist() == brute_force(skewed, query, eligible, 10)
        assert scores.tolist() == inner_products(skewed[items], query).tolist()


def test_a_search_over_skewed_vectors_stops_early(skewed: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    index = exact(skewed, tastes(rng, 100))
    assert 10 <= looked_at(index, tastes(rng, 50)) < N_ITEMS / 4


def test_a_part_that_hardly_counts_does_not_make_a_search_look_further(skewed: np.ndarray) -> None:
    """The taste has another scale than the newcomers': one bound for the whole vector would be a thousand times off."""
    rng = np.random.default_rng(3)
    scale = np.repeat(np.array([1000, 1, 1], np.float32), (7, 7, 2))
    queries = tastes(rng, 50)
    scaled = (queries / scale).astype(np.float32)
    plain = looked_at(exact(skewed, queries), queries)
    assert looked_at(exact(skewed * scale, scaled), scaled) == pytest.approx(plain, rel=0.05)


def test_nothing_is_looked_at_where_nothing_is_asked(skewed: np.ndarray) -> None:
    assert looked_at(exact(skewed, skewed[:0]), skewed[:0]) == 0
    assert looked_at(exact(skewed[:0], skewed[:3]), skewed[:3]) == 0
    assert looked_at(exact(skewed[:4], skewed[:3]), skewed[:3]) == 4


def test_equal_vectors_have_equal_scores_wherever_they_stand(skewed: np.ndarray) -> None:
    """A matrix product rounds a row by its place in it; whoever is told apart by that stands out of order."""
    vectors = skewed.copy()
    twins = np.sort(np.random.default_rng(4).choice(N_ITEMS, 50, replace=False))
    vectors[twins] = 3 * skewed[np.argmax(np.linalg.norm(skewed, axis=1))]
    for query in vectors[twins[:1]] + tastes(np.random.default_rng(5), 20) / 10:
        items, scores = exact(vectors, tastes(np.random.default_rng(6), 50)).search(
            query, np.ones(N_ITEMS, np.bool_), 50
        )
        assert items.tolist() == twins.tolist()
        assert len(set(scores.tolist())) == 1


def test_more_ties_than_can_be_told_apart_stand_by_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_TIES", 20)
    vectors = np.zeros((3_000, 4), np.float32)
    items, scores = exact(vectors, vectors[:1]).search(np.ones(4, np.float32), np.ones(3_000, np.bool_), 30)
    assert items.tolist() == list(range(30))
    assert not scores.any()


@pytest.mark.parametrize("share", [1.0, 0.6, 0.3, 0.12, 0.05, 0.001])
def test_graph_search_finds_nearly_all_under_any_mask(
    monkeypatch: pytest.MonkeyPatch, skewed: np.ndarray, approximate: building.BuiltIndex, share: float
) -> None:
    monkeypatch.setattr(search, "EXACT_BELOW", 50)
    rng = np.random.default_rng(2)
    found = []
    for query in tastes(rng, 50):
        eligible = rng.random(N_ITEMS) < share
        items, scores = approximate.index.search(query, eligible, 10)
        assert eligible[items].all()
        assert len(set(items.tolist())) == len(items) == min(10, np.count_nonzero(eligible))
        assert scores.tolist() == sorted(scores.tolist(), reverse=True)
        np.testing.assert_allclose(scores, skewed[items] @ query, rtol=1e-5, atol=1e-7)
        found.append(np.isin(brute_force(skewed, query, eligible, 10), items).mean())
    assert np.mean(found) > 0.95


def test_a_graph_answers_as_many_as_asked_for(
    monkeypatch: pytest.MonkeyPatch, approximate: building.BuiltIndex
) -> None:
    monkeypatch.setattr(search, "EXACT_BELOW", 50)
    query = tastes(np.random.default_rng(3), 1)[0]
    everything = np.ones(N_ITEMS, np.bool_)
    assert [len(approximate.index.search(query, everything, k)[0]) for k in (1, 100, 1_000)] == [1, 100, 1_000]
    assert len(approximate.index.search(query, np.zeros(N_ITEMS, np.bool_), 10)[0]) == 0


@pytest.mark.parametrize("kind", ["order", "graph"])
def test_an_opened_index_answers_as_the_saved_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skewed: np.ndarray, approximate: building.BuiltIndex, kind: str
) -> None:
    monkeypatch.setattr(search, "EXACT_BELOW", 50)
    saved = exact(skewed, skewed[:100]) if kind == "order" else approximate.index
    save_index(tmp_path, saved)
    opened = open_index(tmp_path, skewed, saved.ef_search)
    assert (opened.graph is None) == (saved.graph is None)
    rng = np.random.default_rng(4)
    for query in tastes(rng, 10):
        eligible = rng.random(N_ITEMS) < 0.7
        before, after = (index.search(query, eligible, 10) for index in (saved, opened))
        assert before[0].tolist() == after[0].tolist()
        assert before[1].tolist() == after[1].tolist()


def test_a_graph_is_built_only_where_an_exact_search_looks_far(
    monkeypatch: pytest.MonkeyPatch, skewed: np.ndarray
) -> None:
    monkeypatch.setattr(building, "EXACT_UP_TO", 1_500)
    rng = np.random.default_rng(1)
    alike = tastes(rng, 4_000)
    alike /= np.linalg.norm(alike, axis=1, keepdims=True)
    queries = tastes(rng, 100)
    assert build_index(skewed, queries).index.graph is None
    assert isinstance(build_index(alike, queries).index.graph, faiss.IndexHNSW)


def test_recall_of_an_exact_search_is_perfect(skewed: np.ndarray) -> None:
    assert build_index(skewed, tastes(np.random.default_rng(1), 200)).recall == 1.0


def test_recall_of_a_graph_over_skewed_vectors_is_enough(approximate: building.BuiltIndex) -> None:
    assert building.ENOUGH_RECALL <= approximate.recall < 1.0


def test_a_graph_that_misses_is_searched_further(monkeypatch: pytest.MonkeyPatch, skewed: np.ndarray) -> None:
    monkeypatch.setattr(building, "EXACT_UP_TO", 0)
    monkeypatch.setattr(building, "ENOUGH_RECALL", 2.0)
    assert build_index(skewed[:500], skewed[:20]).index.ef_search == building.EF_SEARCH[-1]


def test_the_same_vectors_give_the_same_graph(monkeypatch: pytest.MonkeyPatch, skewed: np.ndarray) -> None:
    monkeypatch.setattr(building, "EXACT_UP_TO", 0)
    graphs = [build_index(skewed[:2_000], skewed[:20]).index.graph for _ in range(2)]
    assert faiss.serialize_index(graphs[0]).tobytes() == faiss.serialize_index(graphs[1]).tobytes()


def blind_index(vectors: np.ndarray, blind: np.ndarray) -> ItemIndex:
    """An index that looks for the vectors of one array and takes those of another for them."""
    return ItemIndex(vectors, order_by_norm(blind, blind), None, 64)


def test_recall_counts_the_items_that_an_index_misses() -> None:
    """20 items on a line; an index over the lower ones alone finds none of the ten best, over all but five, half."""
    vectors = np.arange(1, 21, dtype=np.float32)[:, np.newaxis] * np.ones(4, np.float32)
    query = np.ones((3, 4), np.float32)
    blind_to_best = vectors.copy()
    blind_to_best[-5:] = 0
    blind_to_all = vectors.copy()
    blind_to_all[-10:] = 0
    assert measure_recall(blind_index(vectors, vectors), query) == 1.0
    assert measure_recall(blind_index(vectors, blind_to_best), query) == 0.5
    assert measure_recall(blind_index(vectors, blind_to_all), query) == 0.0


def test_recall_counts_an_equal_score_as_found() -> None:
    vectors = np.ones((30, 4), np.float32)
    other_end = vectors.copy()
    other_end[:20] = 0
    assert measure_recall(blind_index(vectors, other_end), vectors[:2]) == 1.0


def test_recall_of_nothing_is_perfect() -> None:
    vectors = np.ones((3, 4), np.float32)
    assert measure_recall(exact(vectors, vectors), np.empty((0, 4), np.float32)) == 1.0
    assert measure_recall(exact(vectors[:0], vectors), vectors) == 1.0
    assert measure_recall(exact(vectors, vectors), vectors) == 1.0

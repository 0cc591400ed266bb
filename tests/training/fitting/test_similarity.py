from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from artifacts.model.catalogue import Catalogue
from tests.support.events import CATALOGUE, NO_CATALOGUE, Event, as_dataset
from training.fitting import similarity
from training.fitting.similarity import CONTENT_WEIGHT, describe_items, find_similar
from training.interactions.catalogue import align_catalogue


def silent(n_items: int) -> Catalogue:
    """A catalogue that says nothing."""
    return align_catalogue(NO_CATALOGUE, as_dataset([Event("u", f"i{item:04}", "b1") for item in range(n_items)]))


def described(titles: Sequence[str | None], categories: Sequence[str | None]) -> Catalogue:
    ids = [f"i{item:04}" for item in range(len(titles))]
    columns = {"item_id": ids, "title": titles, "category": categories}
    rows = pl.DataFrame(columns, schema={name: CATALOGUE[name] for name in columns})
    empty = pl.DataFrame(schema=CATALOGUE)
    dataset = as_dataset([Event("u", item_id, "b1") for item_id in ids])
    return align_catalogue(pl.concat([empty, rows], how="diagonal"), dataset)


def cosines(factors: np.ndarray) -> np.ndarray:
    unit = factors / np.maximum(np.linalg.norm(factors, axis=1, keepdims=True), 1e-30)
    return np.asarray(unit @ unit.T)


def test_without_words_similarity_is_the_cosine_of_the_factors() -> None:
    factors = np.random.default_rng(0).normal(size=(80, 4)).astype(np.float32)
    similar = find_similar(factors, silent(80), show_progress=False)
    expected = cosines(factors)
    np.fill_diagonal(expected, -np.inf)
    for item in range(80):
        best = np.argsort(-expected[item])[: similarity.PER_ITEM]
        best = best[expected[item][best] > 0]
        filled = similar.items[item] >= 0
        assert similar.items[item][filled].tolist() == best.tolist()
        np.testing.assert_allclose(similar.score[item][filled], expected[item][best], rtol=1e-4, atol=1e-6)
        assert not similar.score[item][~filled].any()


def test_length_does_not_matter() -> None:
    """A best seller's long vector is no more similar than a slow seller's short one."""
    factors = np.array([[1, 0], [0.01, 0.001], [50, 50], [0, 3]], np.float32)
    similar = find_similar(factors, silent(4), show_progress=False)
    assert similar.items[0].tolist() == [1, 2, -1]


def test_in_chunks_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(90, 6)).astype(np.float32)
    catalogue = described([f"word{number} thing" for number in "abc" * 30], ["x", "y"] * 45)
    whole = find_similar(factors, catalogue, show_progress=False)
    monkeypatch.setattr(similarity, "CELLS", 90 * 7)
    parts = find_similar(factors, catalogue, show_progress=False)
    np.testing.assert_allclose(parts.score, whole.score, rtol=1e-5)
    assert np.mean(parts.items == whole.items) > 0.99, "only nearly equal scores may change places"


def test_an_item_is_never_similar_to_itself() -> None:
    similar = find_similar(np.ones((20, 3), np.float32), silent(20), show_progress=False)
    assert not np.any(similar.items == np.arange(20)[:, np.newaxis])
    assert similar.items[0].tolist() == list(range(1, 20)), "equal scores stand in the order of the index"


def test_an_item_nobody_bought_has_no_similar_ones_without_words() -> None:
    factors = np.array([[1, 0], [0, 0], [1, 1]], np.float32)
    similar = find_similar(factors, silent(3), show_progress=False)
    assert similar.items.tolist() == [[2, -1], [-1, -1], [0, -1]]


def test_one_item_alone() -> None:
    similar = find_similar(np.ones((1, 3), np.float32), silent(1), show_progress=False)
    assert similar.items.shape == similar.score.shape == (1, 0)
    assert similar.items.dtype == np.int32


def test_titles_tell_a_substitute_from_a_complement() -> None:
    """Beans are bought by who buys the machine, and have its factors; another machine is what can replace it."""
    titles = ["Espresso machine Uno", "Espresso beans Uno", "Espresso machine Due", *(f"Thing {n}" for n in "abcdefgh")]
    categories = ["Machines", "Coffee", "Machines", *["Other"] * 8]
    factors = np.zeros((11, 2), np.float32)
    factors[0], factors[1], factors[2] = (1, 0), (1, 0), (0.8, 0.6)
    similar = find_similar(factors, described(titles, categories), show_progress=False)
    assert similar.items[0][:2].tolist() == [2, 1]


def test_the_score_is_the_weighted_mean_of_both_cosines() -> None:
    titles = ["red cup", "red cup", "blue bowl", "green plate", "odd spoon"]
    catalogue = described(titles, [None] * 5)
    factors = np.array([[1, 0], [3, 4], [0, 1], [0, 1], [0, 1]], np.float32)
    similar = find_similar(factors, catalogue, show_progress=False)
    assert similar.items[0][0] == 1
    assert similar.score[0][0] == pytest.approx((0.6 + CONTENT_WEIGHT * 1.0) / (1 + CONTENT_WEIGHT))
    assert similar.score.max() <= 1 + 1e-6


def test_words_are_described_by_unit_rows_and_case_does_not_matter() -> None:
    words = describe_items(described(["Red CUP", "red cup", None, "7 x", "blue jug"], [None, None, "Cups", None, None]))
    lengths = np.sqrt(words.multiply(words).sum(axis=1))
    np.testing.assert_allclose(lengths, [1, 1, 1, 0, 1], atol=1e-6)
    assert (words @ words.T).toarray()[0, 1] == pytest.approx(1.0)


def test_in_a_large_catalogue_nearly_all_of_the_most_similar_items_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Items of planted kinds: a kind shares words and taste, and its members differ by both."""
    rng = np.random.default_rng(2)
    kind = rng.integers(0, 20, 1_200)
    factors = (rng.normal(size=(20, 8))[kind] + 0.5 * rng.normal(size=(1_200, 8))).astype(np.float32)
    colours = rng.choice(["red", "blue", "green", "black", "white"], 1_200)
    titles = [f"{colour} thing{'abcdefghijklmnopqrst'[number]}" for colour, number in zip(colours, kind, strict=True)]
    catalogue = described(titles, [f"category {number // 4}" for number in kind])
    exact = find_similar(factors, catalogue, show_progress=False)
    monkeypatch.setattr(similarity, "EXACT_UP_TO", 1_000)
    monkeypatch.setattr(similarity, "NEAR_ROWS", 500)
    near = find_similar(factors, catalogue, show_progress=False)
    assert near.items.shape == exact.items.shape
    assert not np.any(near.items == np.arange(1_200)[:, np.newaxis])
    assert np.mean(near.score[:, :10] >= exact.score[:, 9:10] - 1e-5) > 0.9
    for item in (0, 500, 1_199):
        scores = dict(zip(exact.items[item].tolist(), exact.score[item].tolist(), strict=True))
        common = [other for other in near.items[item].tolist() if other in scores]
        at = {other: place for place, other in enumerate(near.items[item].tolist())}
        assert [near.score[item][at[other]] for other in common] == pytest.approx(
            [scores[other] for other in common], abs=1e-5
        )

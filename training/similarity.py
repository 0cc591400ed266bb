"""Which items can stand in for which."""

import numpy as np
import numpy.typing as npt
import polars as pl
from implicit.nearest_neighbours import tfidf_weight
from scipy.sparse import csr_array
from tqdm import tqdm

from artifacts.catalogue import Catalogue
from artifacts.model import Similar

PER_ITEM = 50
CELLS = 20_000_000  # scores held at a time: about half a gigabyte in all
# Who buys an item also buys what goes with it, so factors alone name complements as often as substitutes: what the
# titles and categories say weighs twice as much.
CONTENT_WEIGHT = 2.0
CATEGORY_WORD = "category:"

Vectors = npt.NDArray[np.float32]


def find_similar(item_factors: Vectors, catalogue: Catalogue, show_progress: bool) -> Similar:
    """The `PER_ITEM` items most like each item, above zero.

    The score is the mean of two cosines, of the items' factors (n_items, n_factors) and of their TF-IDF weighted
    words, the latter weighed `CONTENT_WEIGHT`; where the catalogue has no words it is the factors' alone. In [0, 1].
    """
    norms = np.linalg.norm(item_factors, axis=1, keepdims=True)
    unit = item_factors / np.maximum(norms, np.finfo(np.float32).tiny)
    words = describe_items(catalogue)
    width = min(PER_ITEM, len(unit) - 1)
    rows = max(1, CELLS // len(unit))
    parts = [
        _chunk(unit, words, slice(start, start + rows), width)
        for start in tqdm(range(0, len(unit), rows), "similar items", disable=not show_progress)
    ]
    items, scores = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Similar(np.where(scores > 0, items, -1).astype(np.int32), np.maximum(scores, 0).astype(np.float32))


def describe_items(catalogue: Catalogue) -> csr_array:
    """(n_items, n_words) float32 rows of unit length: the words of the titles and the categories, by TF-IDF."""
    n_items = len(catalogue.category)
    titles = pl.Series("word", [catalogue.titles[index].lower() for index in range(n_items)], pl.String)
    listed = pl.DataFrame({"item": np.arange(n_items), "word": titles.str.extract_all(r"\p{Alphabetic}{2,}")})
    categories = pl.DataFrame({"item": np.arange(n_items), "category": catalogue.category}).filter(
        pl.col("category") >= 0
    )
    words = pl.concat(
        [
            listed.explode("word").drop_nulls(),
            categories.select("item", word=pl.lit(CATEGORY_WORD) + pl.col("category").cast(pl.String)),
        ]
    ).unique()
    word = words["word"].rank("dense").cast(pl.Int64).to_numpy() - 1
    counts = csr_array(
        (np.ones(len(words), np.float32), (words["item"].to_numpy(), word)),
        shape=(n_items, int(word.max(initial=0)) + 1),
    )
    weighted = csr_array(tfidf_weight(counts), dtype=np.float32)
    lengths = np.sqrt(np.bincount(np.repeat(np.arange(n_items), np.diff(weighted.indptr)), weighted.data**2, n_items))
    weighted.data /= np.repeat(np.maximum(lengths, np.finfo(np.float32).tiny), np.diff(weighted.indptr))
    return weighted


def _chunk(unit: Vectors, words: csr_array, some: slice, width: int) -> tuple[npt.NDArray[np.int64], Vectors]:
    tastes = unit[some] @ unit.T
    content = (words[some] @ words.T).toarray()
    described = np.diff(words.indptr)[some, np.newaxis] > 0
    score = np.where(described, (tastes + CONTENT_WEIGHT * content) / (1 + CONTENT_WEIGHT), tastes)
    score[np.arange(len(score)), some.start + np.arange(len(score))] = -np.inf
    items = np.argpartition(-score, width - 1, axis=1)[:, :width] if width else np.empty((len(score), 0), np.int64)
    best = np.take_along_axis(score, items, axis=1)
    order = np.lexsort((items, -best), axis=1)
    return np.take_along_axis(items, order, axis=1), np.take_along_axis(best, order, axis=1)

"""Which items can stand in for which."""

from collections.abc import Callable

import faiss
import numpy as np
import numpy.typing as npt
import polars as pl
from implicit.nearest_neighbours import tfidf_weight
from scipy.sparse import csr_array
from tqdm import tqdm

from artifacts.model.catalogue import Catalogue
from artifacts.model.model import Similar

PER_ITEM = 50
CELLS = 20_000_000  # scores held at a time: about half a gigabyte in all
# Who buys an item also buys what goes with it, so factors alone name complements as often as substitutes: what the
# titles and categories say weighs twice as much.
CONTENT_WEIGHT = 2.0
CATEGORY_WORD = "category:"

# Beyond as many items, about five seconds of work each way, only candidates are scored.
EXACT_UP_TO = 20_000
CANDIDATES = 150
PROJECTED = 64
LISTS_SEARCHED = 8
NEAR_ROWS = 1_000

Vectors = npt.NDArray[np.float32]
Items = npt.NDArray[np.int64]
Chunk = Callable[[slice], tuple[Items, Vectors]]


def find_similar(item_factors: Vectors, catalogue: Catalogue, show_progress: bool) -> Similar:
    """The `PER_ITEM` items most like each item, above zero.

    The score is the mean of two cosines, of the items' factors (n_items, n_factors) and of their TF-IDF weighted
    words, the latter weighed `CONTENT_WEIGHT`; where the catalogue has no words it is the factors' alone. In [0, 1].
    Beyond `EXACT_UP_TO` items only candidates are scored, those whose vectors are close in a shorter space: nearly all
    of the most similar ones are among them, and the work does not grow with the square of the catalogue.
    """
    norms = np.linalg.norm(item_factors, axis=1, keepdims=True)
    unit = item_factors / np.maximum(norms, np.finfo(np.float32).tiny)
    words = describe_items(catalogue)
    chunk = _all_items(unit, words) if len(unit) <= EXACT_UP_TO else _near_items(unit, words)
    rows = max(1, CELLS // len(unit)) if len(unit) <= EXACT_UP_TO else NEAR_ROWS
    parts = [
        chunk(slice(start, min(start + rows, len(unit))))
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


def _all_items(unit: Vectors, words: csr_array) -> Chunk:
    """Every item is scored for each of some items."""
    width = min(PER_ITEM, len(unit) - 1)

    def chunk(some: slice) -> tuple[Items, Vectors]:
        tastes = unit[some] @ unit.T
        content = (words[some] @ words.T).toarray()
        described = np.diff(words.indptr)[some, np.newaxis] > 0
        score = np.where(described, (tastes + CONTENT_WEIGHT * content) / (1 + CONTENT_WEIGHT), tastes)
        score[np.arange(len(score)), some.start + np.arange(len(score))] = -np.inf
        items = np.argpartition(-score, width - 1, axis=1)[:, :width] if width else np.empty((len(score), 0), np.int64)
        return _best_first(items, np.take_along_axis(score, items, axis=1))

    return chunk


def _near_items(unit: Vectors, words: csr_array) -> Chunk:
    """The `CANDIDATES` nearest items are scored for each of some items: by an inverted file over the factors beside the
    words projected at random to `PROJECTED` dimensions, which keeps inner products about as they are (Johnson and
    Lindenstrauss 1984)."""
    n_items = len(unit)
    projection = np.random.default_rng(0).standard_normal((words.shape[1], PROJECTED), np.float32)
    projected = np.asarray(words @ projection, np.float32) / np.float32(np.sqrt(PROJECTED))
    described = np.diff(words.indptr) > 0
    vectors = np.hstack([unit, projected])
    n_lists = round(np.sqrt(n_items))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(vectors.shape[1]), vectors.shape[1], n_lists, faiss.METRIC_INNER_PRODUCT
    )
    index.train(vectors)
    index.add(vectors)
    index.nprobe = LISTS_SEARCHED

    def chunk(some: slice) -> tuple[Items, Vectors]:
        queries = np.hstack([unit[some], np.float32(CONTENT_WEIGHT) * projected[some]])
        found = index.search(queries, CANDIDATES + 1)[1]
        near = np.maximum(found, 0)  # -1 behind the last
        tastes = np.einsum("nf,nkf->nk", unit[some], unit[near])
        content = _content(words, some, near)
        score = np.where(
            described[some, np.newaxis], (tastes + CONTENT_WEIGHT * content) / (1 + CONTENT_WEIGHT), tastes
        )
        score[(found < 0) | (near == np.arange(some.start, some.stop)[:, np.newaxis])] = -np.inf
        items, scores = _best_first(near, score.astype(np.float32))
        return items[:, :PER_ITEM], scores[:, :PER_ITEM]

    return chunk


def _content(words: csr_array, some: slice, items: Items) -> Vectors:
    """(n, k): the inner products of the words of n items in a row with those of k items (n, k) each."""
    own_words = words[some].toarray()
    starts, stops = words.indptr[items.ravel()], words.indptr[items.ravel() + 1]
    lengths = stops - starts
    ends = np.cumsum(lengths)
    entries = np.arange(ends[-1]) + np.repeat(starts - (ends - lengths), lengths)
    row = np.repeat(np.repeat(np.arange(len(items)), items.shape[1]), lengths)
    place = np.repeat(np.arange(items.size), lengths)
    common = own_words[row, words.indices[entries]] * words.data[entries]
    return np.bincount(place, common, items.size).reshape(items.shape).astype(np.float32)


def _best_first(items: Items, scores: Vectors) -> tuple[Items, Vectors]:
    """The items (n, k) of each row by score; equal scores stand in the order of the index."""
    order = np.lexsort((items, -scores), axis=1)
    return np.take_along_axis(items, order, axis=1), np.take_along_axis(scores, order, axis=1)

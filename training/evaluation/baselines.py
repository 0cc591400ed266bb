"""What a shop could have instead: each baseline scores every item for each case, from arrays alone.

A baseline takes what is given of the cases (n, n_items), float32, how often a user bought what or what is in the
basket, and answers scores (n, n_items): float32, or Few.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import ItemItemRecommender, bm25_weight, normalize
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits

from artifacts.cpus import available_cpus
from training.evaluation.answers import Picks
from training.evaluation.purchases import Past, Purchases
from training.evaluation.tasks import Cases, Task
from training.evaluation.top_scores import Counts, Few, Scores, share, top, top_of_few
from training.fitting.ridge import regress_items

# EASE inverts a dense (n_items, n_items) matrix: some 300 MB and ten seconds of one core at this size.
EASE_MAX_ITEMS = 6_000
EASE_REGULARIZATION = 100.0
RECENT_SALES_DAYS = 14
IALS_PP_EPOCHS = 16
# The usual BM25 parameters (Robertson and Zaragoza 2009); item-kNN is at its best with them on purchases.
BM25_K1, BM25_B = 1.2, 0.75
# Beyond this many (user, item) pairs fitting a second and a third model would cost more than the training itself.
FITTED_MAX_PAIRS = 5_000_000
KNN_NEIGHBOURS = 100
# A basket larger than this says nothing about pairs.
MAX_BASKET = 500
LIFT_MIN_SUPPORT = 10
# Dense scores held at a time.
CELLS = 16_000_000

Score = Callable[[csr_array], Scores | Few]


@dataclass(frozen=True)
class Baseline:
    """A rival by its name. `fresh`: it is given `Cases.fresh` in place of `Cases.given`."""

    name: str
    score: Score
    fresh: bool = False


def rank(baseline: Baseline, cases: Cases, k: int) -> Picks:
    """The baseline's k best items for each case: not those of the basket, and for discovery nothing bought before."""
    n_cases, n_items = cases.given.shape
    step = max(CELLS // max(n_items, 1), 1)
    parts = [_best(baseline, cases, slice(start, start + step), k) for start in range(0, n_cases, step)]
    return Picks(np.concatenate([part.items for part in parts]), np.concatenate([part.scores for part in parts]))


def _best(baseline: Baseline, cases: Cases, rows: slice, k: int) -> Picks:
    given = cases.given[rows]
    scores = baseline.score(cases.fresh[rows] if baseline.fresh else given)
    again = cases.task in (Task.NEXT_PURCHASES, Task.NEW_CUSTOMERS)
    if isinstance(scores, Few):
        return top_of_few(scores, csr_array(given.shape) if again else given, k)
    if not again:
        scores[given.nonzero()] = -np.inf
    return top(scores, k)


def for_users(past: Past, sold: Counts, sold_recently: Counts) -> Iterator[Baseline]:
    """Rivals in what to show a user, one fitted at a time.

    `sold`, `sold_recently` (n_items,): in how many baskets an item was, ever and in the last `RECENT_SALES_DAYS`.
    """
    yield Baseline("popularity, all time", _same_for_all(sold))
    yield Baseline(f"popularity, last {RECENT_SALES_DAYS} days", _same_for_all(sold_recently))
    yield Baseline("personal frequency, then popularity", _personal_frequency(sold_recently))
    if past.count.nnz > FITTED_MAX_PAIRS:
        return
    yield Baseline("item-kNN, cosine", _item_knn(normalize(past.count.T).T))
    yield Baseline("item-kNN, BM25", _item_knn(bm25_weight(past.count.T, BM25_K1, BM25_B).T))
    if past.count.shape[1] <= EASE_MAX_ITEMS:
        yield Baseline("EASE", _ease(past.fresh), fresh=True)
    yield Baseline("implicit ALS, defaults", _als_defaults(past.count))
    if find_spec("irspack"):
        yield Baseline("iALS++ (irspack)", _ials_pp(past.fresh), fresh=True)


def _same_for_all(values: Counts) -> Score:
    shared = share(values.astype(np.float64))
    return lambda given: Few(csr_array(given.shape), shared)


def _personal_frequency(sold_recently: Counts) -> Score:
    behind = share(sold_recently / (sold_recently.max(initial=0) + 1.0))
    return lambda given: Few(given, behind)


def _item_knn(weighted: csr_matrix) -> Score:
    model = ItemItemRecommender(KNN_NEIGHBOURS, available_cpus())
    model.fit(csr_matrix(weighted), show_progress=False)
    return _sum_over(csr_array(model.similarity))


def _ease(fresh: csr_array) -> Score:
    """EASE (Steck 2019) over decayed counts in place of ones, which does better on purchases."""
    gram = (fresh.T @ fresh).toarray().astype(np.float64)
    weights = regress_items(gram, EASE_REGULARIZATION).astype(np.float32)
    return lambda given: np.asarray(given @ weights, np.float32)


def _als_defaults(history: csr_array) -> Score:
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(num_threads=available_cpus(), random_state=0)
        model.fit(csr_matrix(history), show_progress=False)

    def score(given: csr_array) -> Scores:
        with threadpool_limits(1, "blas"):
            users = model.recalculate_user(np.arange(given.shape[0]), csr_matrix(given))
        return np.asarray(users @ model.item_factors.T, np.float32)

    return score


def _ials_pp(fresh: csr_array) -> Score:
    """Rendle et al. 2021, "iALS++: Speeding up Matrix Factorization with Subspace Optimization", on decayed counts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what importing it deprecates is its own
        from irspack import IALSRecommender  # noqa: PLC0415  an optional peer
    # Its other defaults: 20 factors and no weight of what was not bought. These suit a year of a gift shop's purchases.
    model = IALSRecommender(
        csr_matrix(fresh),
        n_components=128,
        alpha0=0.3,
        reg=0.003,
        solver_type="IALSPP",
        n_threads=available_cpus(),
    )
    # As its learn() does, which also draws a progress bar.
    model.start_learning()
    for _ in range(IALS_PP_EPOCHS):
        model.run_epoch()
    return lambda given: np.asarray(model.get_score_cold_user(csr_matrix(given)), np.float32)


def for_baskets(earlier: Purchases, n_items: int) -> Iterator[Baseline]:
    """Rivals in what goes with a basket: sums over its items of a similarity between pairs of items.

    With n_ij baskets that hold both, n_i that hold i: the count n_ij, lift n_ij / (n_i n_j), cosine
    n_ij / sqrt(n_i n_j) and Jaccard n_ij / (n_i + n_j - n_ij).
    """
    together = _co_purchases(earlier, n_items)
    alone = together.diagonal()
    row, column = np.repeat(np.arange(n_items), np.diff(together.indptr)), together.indices
    one, other, both = alone[row], alone[column], together.data
    frequent = both >= LIFT_MIN_SUPPORT  # without it, lift finds nothing but chance pairs of rare items
    for name, values in (
        ("co-purchase count", both),
        ("lift", np.where(frequent, both / (one * other), 0)),
        ("cosine", both / np.sqrt(one * other)),
        ("Jaccard", both / (one + other - both)),
    ):
        yield Baseline(name, _sum_over(csr_array((values, column, together.indptr), shape=together.shape)))


def _sum_over(similarity: csr_array) -> Score:
    nothing = share(np.zeros(similarity.shape[1]))
    return lambda given: Few(csr_array(given @ similarity), nothing)


def _co_purchases(earlier: Purchases, n_items: int) -> csr_array:
    """(n_items, n_items) float32: baskets with both items; on the diagonal, with the item."""
    ones = np.ones(len(earlier.item), np.float32)
    baskets = csr_array((ones, (earlier.basket, earlier.item)), shape=(int(earlier.basket.max()) + 1, n_items))
    usable = baskets[np.diff(baskets.indptr) <= MAX_BASKET]
    return csr_array(usable.T @ usable)


def count_sold(purchases: Purchases, n_items: int) -> Counts:
    """(n_items,): in how many baskets each item was, guests' included."""
    return np.bincount(purchases.item, minlength=n_items)

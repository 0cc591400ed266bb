"""What the ranker scores by: one row of numbers for each feature, one column for each candidate."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from artifacts.model.half_lives import SECONDS_PER_DAY
from artifacts.model.inner_products import inner_products
from artifacts.model.model import Model
from artifacts.queries.candidates import FROM_HISTORY, FROM_INDEX, FROM_NEIGHBOURS, Candidates
from artifacts.queries.scoring import habit_scores
from artifacts.queries.user_state import UserState

ITEM_FEATURES = (
    "buyers_7",  # share of the customers active in the last 7 days who bought it then; likewise below
    "buyers_14",
    "buyers_28",
    "buyers_84",
    "trend_week",  # ratios of such shares: 7 days to 28,
    "trend_fortnight",  # 14 days to the 14 before,
    "trend_month",  # 28 days to 84
    "newcomers_7",  # as buyers, but only who bought it for the first time
    "newcomers_14",
    "newcomers_28",
    "guests_28",  # share of guests' baskets of the last 28 days that hold it
    "age_days",  # since its first sale, and
    "idle_days",  # since its last: as long as the history where there was none
    "log_price",
    "log_quantity",
    "repeat_rate",
    "baskets_per_buyer",
    "rebuy_rate",  # share of its buyers of 28 to 84 days ago who bought it in the last 28
    "log_basket_size",  # of the baskets that hold it
    "log_buyers",
)
USER_FEATURES = (
    "user_baskets",
    "user_baskets_28",
    "user_baskets_84",
    "user_idle_days",
    "user_age_days",
    "user_items",
    "user_basket_size",
    "user_gap_days",
    "user_log_price",
    "user_price_spread",
    "user_log_quantity",
    "user_log_buyers",  # mean over what the user buys
    "user_log_age",  # mean log age of items when the user bought them
    "user_newness",  # share of the purchases after the first basket that were of new items
)
PAIR_FEATURES = (
    "als",
    "als_rank",
    "newcomer",
    "newcomer_rank",
    "neighbour_score",  # of the user's items, taken as one basket
    "neighbour_rank",
    "blend",
    "blend_rank",
    "times_bought",
    "frequency",
    "strength",
    "since_last",
    "since_first",
    "gap",
    "due",
    "share_of_baskets",
    "passed_over_days",  # from the last purchase to the last visit
    "price_difference",
    "price_distance",
    "buyers_difference",
    "age_difference",
    "quantity_difference",
)
FEATURES = ITEM_FEATURES + USER_FEATURES + PAIR_FEATURES
NEVER_BOUGHT = -1.0  # stands for days and gaps of what was never bought
# (n_candidates,) float32: what each place among the candidates counts for, the best being at place 0.
LOG_PLACES = np.log1p(np.arange(FROM_HISTORY + FROM_INDEX + FROM_NEIGHBOURS)).astype(np.float32)

FeatureRows = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float32]


def candidate_features(
    model: Model, user_state: UserState, query_vector: Vector, candidates: Candidates
) -> FeatureRows:
    """(n_features, n) float32 for the candidates of a known user with a query vector; no value is NaN.

    Trees are grown on these, which need no last bits: matrix products are faster. `rank_candidates` has defined ones.
    """
    user_row = model.ranker_features.users[user_state.user_index]
    users = np.broadcast_to(user_row[:, np.newaxis], (len(user_row), len(candidates.items)))
    pairs = _pair_features(model, user_state, query_vector, candidates, np.matmul)
    return np.vstack([model.ranker_features.items[:, candidates.items], users, pairs])


def rank_candidates(model: Model, user_state: UserState, query_vector: Vector, candidates: Candidates) -> Vector:
    """(n,) float32: the forest's score of the candidates, as of their features.

    What the items' features leave of the trees is read from the version, and the user's are looked up once.
    """
    forest = model.forest
    user_row = model.ranker_features.users[user_state.user_index][:, np.newaxis]
    left = model.item_masks[candidates.items] & forest.remaining(len(ITEM_FEATURES), user_row)
    pairs = _pair_features(model, user_state, query_vector, candidates, inner_products)
    left &= forest.remaining(len(ITEM_FEATURES) + len(USER_FEATURES), pairs)
    return forest.add_up(left)


def _pair_features(
    model: Model,
    user_state: UserState,
    query_vector: Vector,
    candidates: Candidates,
    multiply: Callable[[FeatureRows, Vector], Vector],
) -> FeatureRows:
    """(n_pair_features, n) float32, the inner products of rows with a vector being as `multiply` has them."""
    items = candidates.items
    user_row = model.ranker_features.users[user_state.user_index]
    n_factors = model.recipe.n_factors
    vectors = model.item_vectors.take(items, 0)
    als = multiply(vectors[:, :n_factors], query_vector[:n_factors])
    newcomer = multiply(vectors[:, n_factors:-2], query_vector[n_factors:-2])
    sales = multiply(vectors[:, -2:], query_vector[-2:])
    habits = _habits(model, user_state, items, user_row)
    blend = als + newcomer + sales + habit_scores(model.recipe.weights, habits[1])
    scores = [row for score in (als, newcomer, candidates.neighbour_scores, blend) for row in (score, _ranks(score))]
    return np.vstack([*scores, habits, _differences(model, items, user_row)]).astype(np.float32, copy=False)


def _ranks(scores: FeatureRows) -> FeatureRows:
    """log(1 + place) of each candidate, the best at place 0."""
    places = np.empty(len(scores), np.float32)
    places[np.argsort(-scores, kind="stable")] = LOG_PLACES[: len(scores)]
    return places


def _habits(model: Model, user_state: UserState, items: npt.NDArray[np.int64], user_row: FeatureRows) -> FeatureRows:
    """(9, n): the user's own interactions with each candidate, in the order of PAIR_FEATURES."""
    history, until = user_state.history, model.recipe.until
    known = history.items
    entry = np.searchsorted(known, items)
    entry[entry == len(known)] = 0
    bought = np.zeros(len(items), np.float32)
    if len(known):
        bought = np.where(known[entry] == items, history.times_bought[entry], 0).astype(np.float32)
    own = np.flatnonzero(bought)
    rows = np.full((9, len(items)), NEVER_BOUGHT, np.float32)
    rows[0] = bought
    rows[1:3] = 0
    at = entry[own]
    rows[1, own] = history.frequency[at]
    rows[2, own] = history.strength[at]
    first, last = np.minimum(history.first[at], until), np.minimum(history.last[at], until)
    rows[3, own] = since = (until - last) / SECONDS_PER_DAY
    rows[4, own] = (until - first) / SECONDS_PER_DAY
    rows[5, own] = gap = (last - first) / SECONDS_PER_DAY / np.maximum(bought[own] - 1, 1)
    rows[6, own] = np.where(bought[own] > 1, since / np.maximum(gap, 1), NEVER_BOUGHT)
    rows[7, own] = bought[own] / np.maximum(user_row[USER_FEATURES.index("user_baskets")], 1)
    rows[8, own] = since - user_row[USER_FEATURES.index("user_idle_days")]
    return rows


def _differences(model: Model, items: npt.NDArray[np.int64], user_row: FeatureRows) -> FeatureRows:
    """(5, n): how far each candidate is from what the user usually buys."""
    user = dict(zip(USER_FEATURES, user_row.tolist(), strict=True))

    def feature(name: str) -> FeatureRows:
        return np.asarray(model.ranker_features.items[ITEM_FEATURES.index(name)][items])

    price = feature("log_price") - user["user_log_price"]
    return np.vstack(
        [
            price,
            np.abs(price) / (user["user_price_spread"] + 0.2),
            feature("log_buyers") - user["user_log_buyers"],
            np.log1p(feature("age_days")) - user["user_log_age"],
            feature("log_quantity") - user["user_log_quantity"],
        ]
    )

"""A ranker learned from the shop's own past: which candidates of a past day were bought in the weeks after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from artifacts.model.model import Model
from artifacts.model.quickscorer import MAX_LEAVES, Forest
from artifacts.queries.candidates import find_candidates
from artifacts.queries.eligibility import eligible_items
from artifacts.queries.query import Filters, Query
from artifacts.queries.ranker_features import FEATURES, candidate_features
from artifacts.queries.scoring import query_vector_of
from artifacts.queries.user_state import NO_ITEMS, read_user_state
from training.fitting.compile_trees import compile_forest

N_TREES = 100
# The share of the candidates nobody bought that is learned from: all of them teach no more and take thrice as long.
KEPT_UNBOUGHT = 0.3
# Over fewer examples, threads mostly wait for each other: ten times as long on a machine that is busy elsewhere.
EXAMPLES_PER_THREAD = 100_000
ANYTHING = Filters(in_stock=False)
PARAMETERS: dict[str, Any] = {
    "objective": "lambdarank",
    "learning_rate": 0.08,
    "num_leaves": MAX_LEAVES - 1,
    "min_data_in_leaf": 100,
    "lambdarank_truncation_level": 30,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 127,
    "label_gain": [0, 1],
    "use_missing": False,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Examples:
    """Candidates of users who bought something after a past moment: `features` (n, n_features) float32, `bought` (n,)
    bool, whether each was among it, and `sizes` (n_users,) int64, how many candidates each user has, in turn."""

    features: npt.NDArray[np.float32]
    bought: npt.NDArray[np.bool_]
    sizes: npt.NDArray[np.int64]


def no_examples() -> Examples:
    """Nothing to learn from."""
    return Examples(np.empty((0, len(FEATURES)), np.float32), np.empty(0, np.bool_), np.empty(0, np.int64))


def find_examples(
    model: Model, purchases: Sequence[tuple[str, npt.NDArray[np.int32]]], rng: np.random.Generator
) -> Examples:
    """The candidates that `model` would have ranked for each user, and which of them the user went on to buy.

    `purchases` holds a known user's id and the item indexes bought after the model's data end. Users none of whose
    purchases is a candidate teach nothing and are left out, and so are most of the candidates that were not bought.
    """
    features, bought = [], []
    eligible = eligible_items(model, ANYTHING, NO_ITEMS)
    for user_id, later in purchases:
        user_state = read_user_state(model, Query(user_id=user_id), NO_ITEMS)
        if user_state.vector is None:
            continue
        query_vector = query_vector_of(model.recipe.weights, user_state.vector)
        candidates = find_candidates(model, user_state, query_vector, eligible)
        hits = np.isin(candidates.items, later)
        if hits.any():
            kept = hits | (rng.random(len(hits)) < KEPT_UNBOUGHT)
            features.append(candidate_features(model, user_state, query_vector, candidates)[:, kept].T)
            bought.append(hits[kept])
    if not bought:
        return no_examples()
    return Examples(np.concatenate(features), np.concatenate(bought), np.array([len(hits) for hits in bought]))


def fit_ranker(examples: Sequence[Examples], seed: int, n_threads: int) -> Forest:
    """LambdaMART (Burges 2010) over the examples of several past windows."""
    features = np.concatenate([some.features for some in examples])
    data = lgb.Dataset(
        features,
        np.concatenate([some.bought for some in examples]).astype(np.int32),
        group=np.concatenate([some.sizes for some in examples]),
        feature_name=list(FEATURES),
    )
    threads = min(n_threads, 1 + len(features) // EXAMPLES_PER_THREAD)
    return compile_forest(lgb.train({**PARAMETERS, "seed": seed, "num_threads": threads}, data, N_TREES))

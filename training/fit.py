"""From purchases to everything a version holds."""

import numpy as np
import numpy.typing as npt
import polars as pl

from artifacts.model import Fitted
from artifacts.recipe import Recipe
from training.catalogue import align_catalogue
from training.config import Model
from training.dataset import Dataset
from training.factors import fit_factors
from training.history import build_history, user_item_matrix
from training.index import build_index
from training.neighbours import find_neighbours
from training.popularity import count_popularity, popularity_columns, typical_gap_days
from training.similarity import find_similar

ALS_WEIGHT = 1.0
POPULAR_WEIGHT = 0.1
TREND_WEIGHT = 0.0
FREQUENCY_WEIGHT = 0.3
RECALL_SAMPLE = 1_000


def fit(dataset: Dataset, catalogue: pl.DataFrame, settings: Model, show_progress: bool) -> Fitted:
    """Fit every part on the same purchases; nothing else is looked at."""
    history, event_strength = build_history(dataset, settings)
    factors = fit_factors(user_item_matrix(history, dataset.n_items), settings, show_progress)
    popularity = count_popularity(dataset, history)
    vectors = np.hstack([factors.items, popularity_columns(popularity)])
    aligned = align_catalogue(catalogue, dataset)
    built = build_index(vectors, sample_queries(factors.users, settings.seed))
    return Fitted(
        user_ids=dataset.user_ids,
        item_ids=dataset.item_ids,
        user_factors=factors.users,
        item_vectors=vectors,
        history=history,
        neighbours=find_neighbours(dataset, show_progress),
        similar=find_similar(factors.items, aligned, show_progress),
        popularity=popularity,
        catalogue=aligned,
        recipe=Recipe(
            n_factors=settings.factors,
            regularization=settings.regularization,
            alpha=settings.alpha,
            event_strength=event_strength,
            als_weight=ALS_WEIGHT,
            popular_weight=POPULAR_WEIGHT,
            trend_weight=TREND_WEIGHT,
            frequency_weight=FREQUENCY_WEIGHT,
            typical_gap_days=typical_gap_days(history),
            ef_search=built.ef_search,
            index_recall=built.recall,
            until=dataset.until,
        ),
        graph=built.graph,
    )


def sample_queries(user_factors: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.float32]:
    """Query vectors (at most RECALL_SAMPLE, n_factors + 2) of real users, to measure the index with."""
    rng = np.random.default_rng(seed)
    users = rng.choice(len(user_factors), min(RECALL_SAMPLE, len(user_factors)), replace=False)
    weights = np.full((len(users), 2), (POPULAR_WEIGHT, TREND_WEIGHT), np.float32)
    return np.hstack([np.float32(ALS_WEIGHT) * user_factors[users], weights])

"""From purchases to everything a version holds."""

from dataclasses import replace

import numpy as np
import polars as pl

from artifacts.model.model import Fitted, Similar
from artifacts.model.quickscorer import no_forest
from artifacts.model.recipe import Recipe, Weights
from artifacts.queries.scoring import query_vectors
from training.config import ModelSettings
from training.fitting.basket_weights import fit_basket_weights
from training.fitting.co_occurrences import no_co_occurrences
from training.fitting.co_purchases import count_co_purchases
from training.fitting.co_views import count_co_views
from training.fitting.factors import fit_factors
from training.fitting.history import build_history, user_item_matrix
from training.fitting.index import build_index
from training.fitting.newcomers import newcomer_vectors
from training.fitting.popularity import count_popularity, popularity_columns, typical_gap_days
from training.fitting.ranker_features import count_ranker_features, no_ranker_features
from training.fitting.similarity import find_similar
from training.interactions.catalogue import align_catalogue
from training.interactions.dataset import Dataset

RECALL_SAMPLE = 1_000


def fit(
    dataset: Dataset,
    catalogue: pl.DataFrame,
    settings: ModelSettings,
    show_progress: bool,
    *,
    co_purchases: bool = True,
) -> Fitted:
    """Fit every part on the same purchases; nothing else is looked at. All but the similar items and the co-views,
    which take long and are no part of a recipe, and but for the `co_purchases` where answers about users are all that
    is wanted."""
    rng = np.random.default_rng(settings.seed)
    weights = Weights(**settings.weights.model_dump())
    history, event_strength = build_history(dataset, settings)
    factors = fit_factors(user_item_matrix(history, dataset.n_items), settings, show_progress)
    popularity = count_popularity(dataset, history)
    newcomers = newcomer_vectors(history, factors.users, dataset.n_items, dataset.until, rng)
    vectors = np.hstack([factors.items, newcomers, popularity_columns(popularity)])
    aligned = align_catalogue(catalogue, dataset)
    sample = rng.choice(dataset.n_users, min(RECALL_SAMPLE, dataset.n_users), replace=False)
    built = build_index(vectors, query_vectors(weights, factors.users[sample]))
    return Fitted(
        user_ids=dataset.user_ids,
        item_ids=dataset.item_ids,
        user_factors=factors.users,
        item_vectors=vectors,
        history=history,
        co_purchases=count_co_purchases(dataset, show_progress) if co_purchases else no_co_occurrences(dataset.n_items),
        basket_weights=fit_basket_weights(dataset),
        similar=Similar(np.empty((dataset.n_items, 0), np.int32), np.empty((dataset.n_items, 0), np.float32)),
        popularity=popularity,
        ranker_features=count_ranker_features(dataset, history, popularity)
        if settings.recipe == "ranker"
        else no_ranker_features(dataset),
        forest=no_forest(),
        catalogue=aligned,
        recipe=Recipe(
            n_factors=settings.factors,
            regularization=settings.regularization,
            alpha=settings.alpha,
            event_strength=event_strength,
            weights=weights,
            typical_gap_days=typical_gap_days(history),
            ef_search=built.index.ef_search,
            index_recall=built.recall,
            until=dataset.until,
        ),
        index=built.index,
    )


def with_similar(fitted: Fitted, show_progress: bool) -> Fitted:
    """The same with the items that can stand in for each other."""
    return replace(fitted, similar=find_similar(fitted.item_factors, fitted.catalogue, show_progress))


def with_co_views(fitted: Fitted, dataset: Dataset, show_progress: bool) -> Fitted:
    """The same with the items that are viewed together, where the data has views."""
    return replace(fitted, co_views=count_co_views(dataset, show_progress))

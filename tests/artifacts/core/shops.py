"""Versions of made-up shops, with trees that mean nothing and items that score alike: whoever answers from them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from artifacts.model.catalogue import Catalogue
from artifacts.model.categories import as_categories
from artifacts.model.exact_search import order_by_norm
from artifacts.model.ids import encode_ids
from artifacts.model.index import ItemIndex
from artifacts.model.model import Fitted, Model
from artifacts.model.quickscorer import MAX_LEAVES, Forest
from artifacts.queries.ranker_features import FEATURES
from tests.support.events import NO_CATALOGUE, Event, as_dataset
from training.config import ModelSettings
from training.fitting.fit import fit
from training.fitting.ranker_examples import opened

SETTINGS = ModelSettings(factors=10, regularization=1.0, iterations=2, recipe="ranker")
ALIKE = 3  # neighbouring items that share a vector, and so every score
N_TREES, N_THRESHOLDS = 21, 7


@contextmanager
def shop(n_users: int, n_items: int, *, ranked: bool, seed: int = 0) -> Iterator[Model]:
    """A shop whose users bought and looked at items at random, with prices, categories and stock."""
    rng = np.random.default_rng(seed)
    events = [event for user in range(n_users) for event in _events(rng, f"u{user}", n_items)]
    events += [Event("collector", f"i{item:03}", f"c{item // 9}", day=item % 50) for item in range(0, n_items, 2)]
    fitted = _alike(fit(as_dataset(events), NO_CATALOGUE, SETTINGS, show_progress=False))
    fitted = replace(fitted, catalogue=_with_filters(fitted, rng))
    with opened(replace(fitted, forest=_forest(rng)) if ranked else fitted) as model:
        yield model


def _events(rng: np.random.Generator, user: str, n_items: int) -> Iterator[Event]:
    for basket in range(int(rng.integers(1, 5))):
        day = float(rng.integers(0, 100))
        for item in np.unique(rng.zipf(1.3, 4) % n_items).tolist():
            kind = "view" if rng.random() < 0.2 else "purchase"
            yield Event(user, f"i{item:03}", f"{user}-{basket}", day=day, event=kind, price=1.0 + item)


def _alike(fitted: Fitted) -> Fitted:
    vectors = np.ascontiguousarray(fitted.item_vectors[np.arange(len(fitted.item_ids)) // ALIKE * ALIKE])
    index = ItemIndex(vectors, order_by_norm(vectors, np.empty((0, vectors.shape[1]), np.float32)), None, 32)
    return replace(fitted, item_vectors=vectors, index=index)


def _with_filters(fitted: Fitted, rng: np.random.Generator) -> Catalogue:
    """Prices of which some are not known, a tenth sold out, and categories of which some items have none."""
    n_items = len(fitted.item_ids)
    price = rng.integers(1, 20, n_items).astype(np.float32)
    price[rng.random(n_items) < 0.1] = np.nan
    categories = as_categories(encode_ids(["one", "one > half", "two"]))
    category = rng.integers(-1, 3, n_items).astype(np.int32)
    return replace(
        fitted.catalogue, categories=categories, category=category, price=price, available=rng.random(n_items) > 0.1
    )


def _forest(rng: np.random.Generator) -> Forest:
    """Thresholds where features have values, and masks that leave each tree its last leaf at least."""
    n_features = len(FEATURES)
    thresholds = np.sort(rng.normal(0, 2, (n_features, N_THRESHOLDS)).astype(np.float32), axis=1)
    thresholds[:, N_THRESHOLDS // 2] = 0
    n_masks = n_features * (N_THRESHOLDS + 1)
    # Each rules out a leaf in sixteen, or twenty features would leave nothing to tell apart.
    ruled_out = rng.random((n_masks, N_TREES, MAX_LEAVES)) < 1 / 16
    masks = (~ruled_out * (1 << np.arange(MAX_LEAVES, dtype=np.uint64))).sum(axis=2, dtype=np.uint64)
    return Forest(
        np.arange(0, n_masks + 1, N_THRESHOLDS + 1),
        np.sort(thresholds, axis=1).reshape(-1),
        masks.astype(np.uint32) | np.uint32(1 << (MAX_LEAVES - 1)),
        rng.normal(0, 1, (N_TREES, MAX_LEAVES)).round(1).astype(np.float32),
    )

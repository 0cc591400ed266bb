"""A tiny shop with a known truth, trained and published for tests that need a version to ask."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from artifacts.publishing.store import Store
from training.config import Config, Data, ModelSettings
from training.job import train

SPARE_ITEMS = 3
SAMPLE_LAST_DAY = date(2025, 6, 29)


def write_tiny_shop(directory: Path, seed: int = 0, n_users: int = 60, n_items: int = 24) -> Config:
    """Users with even numbers buy even items, odd ones odd items; item 0 and item 2 always go together.

    The catalogue also lists `SPARE_ITEMS` items nobody bought, and item `I005` is not available.
    """
    rng = np.random.default_rng(seed)
    rows = [row for user in range(n_users) for row in _baskets(rng, user, n_items)]
    directory.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, schema=["user_id", "item_id", "time", "basket_id", "price"], orient="row").write_parquet(
        directory / "purchases.parquet"
    )
    items = range(n_items + SPARE_ITEMS)
    pl.DataFrame(
        {
            "item_id": [f"I{item:03}" for item in items],
            "title": [f"Item number {item}" for item in items],
            "category": ["even" if item % 2 == 0 else "odd" for item in items],
            "price": [1.0 + item for item in items],
            "image_url": [f"https://shop.example/i/{item}.jpg" for item in items],
            "product_url": [f"https://shop.example/p/{item}" for item in items],
            "available": [item != 5 for item in items],
        }
    ).write_parquet(directory / "catalogue.parquet")
    data = Data(source=str(directory / "purchases.parquet"), catalogue=str(directory / "catalogue.parquet"))
    return Config(data=data, model=ModelSettings(factors=8, regularization=0.1, alpha=5.0, half_life_days=0))


def publish_tiny_shop(root: Path, seed: int = 0) -> Store:
    """Train on the tiny shop and publish the version to a store below `root`."""
    store = Store(root / "store")
    train(write_tiny_shop(root / f"shop-{seed}", seed), store, show_progress=False)
    return store


def _baskets(rng: np.random.Generator, user: int, n_items: int) -> list[tuple[str, str, int, str, float]]:
    rows = []
    for basket in range(int(rng.integers(2, 5))):
        items = set((2 * rng.integers(0, n_items // 2, 3) + user % 2).tolist())
        if 0 in items or 2 in items:
            items |= {0, 2}
        time = 1_760_000_000 + int(rng.integers(0, 90)) * 86_400 + user * 60 + basket
        rows += [(f"u{user}", f"I{item:03}", time, f"b{user}-{basket}", 1.0 + item) for item in sorted(items)]
    return rows

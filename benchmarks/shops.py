"""The synthetic shops, made once a directory: their data, and published versions of them.

A version is fitted as `make train` does, but not evaluated, without a ranker, and without what grows with the square of
the catalogue where that is large.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from artifacts.errors import ArtifactError
from artifacts.model.ids import encode_ids
from artifacts.model.model import CoPurchases, Fitted, Similar, open_model
from artifacts.model.quickscorer import no_forest
from artifacts.model.recipe import Recipe, Weights
from artifacts.publishing.manifest import Provenance
from artifacts.publishing.store import Store
from artifacts.queries.scoring import query_vectors
from benchmarks.synthetic import REVISION, Size, item_ids, user_ids, write_shop
from training.config import ModelSettings
from training.fitting.basket_weights import fit_basket_weights
from training.fitting.co_purchases import count_co_purchases
from training.fitting.factors import fit_factors
from training.fitting.fit import RECALL_SAMPLE
from training.fitting.history import build_history, user_item_matrix
from training.fitting.index import build_index
from training.fitting.newcomers import newcomer_vectors
from training.fitting.popularity import count_popularity, popularity_columns, typical_gap_days
from training.fitting.ranker_features import count_ranker_features
from training.fitting.similarity import find_similar
from training.interactions.catalogue import align_catalogue
from training.interactions.dataset import Dataset

SIZES = {
    "M": Size(1_000_000, 100_000, 30_000_000),
    "M3": Size(100_000, 10_000, 3_000_000),  # a tenth of M in every respect
    "L": Size(1_000_000, 1_000_000, 30_000_000),
}
SETTINGS = {"M": ModelSettings(), "M3": ModelSettings(), "L": ModelSettings(factors=128, iterations=5)}
# Beyond as many items a version has no co-purchase neighbours, or no similar items: answers about users need none.
NEIGHBOURS_UP_TO = 200_000
SIMILAR_UP_TO = 20_000


def make_data(name: str, directory: Path) -> Path:
    """The directory of a shop's data below `directory`: `purchases/*.parquet`, `catalogue.parquet`, and `shop.toml`,
    the configuration that names them."""
    size = SIZES[name]
    made = directory / f"{name}-{_digest(REVISION, astuple(size))}"

    def fill(draft: Path) -> None:
        write_shop(size, draft)
        here = made.resolve()
        (draft / "shop.toml").write_text(
            f'[data]\nsource = "{here}/purchases"\ncatalogue = "{here}/catalogue.parquet"\n'
        )

    if not made.is_dir():
        _make(made, fill)
    return made


def make_shop(name: str, directory: Path) -> Path:
    """The store, as ARTIFACTS_DIR names one, with a shop's published version; made anew where the program does not open
    it any more."""
    data, settings = make_data(name, directory), SETTINGS[name]
    store = data.with_name(f"{data.name}-store-{_digest(settings.model_dump_json())}")
    try:
        open_model(Store(store).current_path())
    except ArtifactError:
        shutil.rmtree(store, ignore_errors=True)
        _make(store, lambda draft: _publish(data, settings, Store(draft)))
    return store


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]


def _make(path: Path, fill: Callable[[Path], None]) -> None:
    """Fill a directory aside and put it in its place when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=path.parent))
    try:
        fill(draft)
        draft.rename(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _publish(data: Path, settings: ModelSettings, store: Store) -> None:
    catalogue = pl.read_parquet(data / "catalogue.parquet").with_columns(
        image_url=pl.lit(None, pl.String), product_url=pl.lit(None, pl.String)
    )
    dataset = read_dataset(data, len(catalogue))
    fitted = _fit(dataset, catalogue, settings)
    provenance = Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data={"source": data.name, "rows": len(dataset.user), "n_users": dataset.n_users, "n_items": dataset.n_items},
        configuration={"model": settings.model_dump(mode="json")},
        metrics={"index": {"recall@10": fitted.recipe.index_recall}},
    )
    with store.draft() as draft:
        fitted.save(draft)
        store.publish(draft, provenance)


def read_dataset(data: Path, n_items: int) -> Dataset:
    """A shop's purchases as they are: nothing in them has to be cleaned."""
    rows = pl.read_parquet(
        data / "purchases" / "*.parquet", columns=["user_id", "item_id", "basket_id", "time", "price", "quantity"]
    ).with_columns(pl.col("user_id", "item_id").str.tail(7).cast(pl.Int32))
    return Dataset(
        user_ids=encode_ids(user_ids(np.arange(rows["user_id"].max() + 1))),
        item_ids=encode_ids(item_ids(np.arange(n_items))),
        user=rows["user_id"].to_numpy(),
        item=rows["item_id"].to_numpy(),
        basket=rows["basket_id"].cast(pl.Int64).to_numpy(),
        time=rows["time"].dt.epoch("s").to_numpy(),
        weight=np.ones(len(rows), np.float32),
        purchase=np.ones(len(rows), np.bool_),
        price=rows["price"].cast(pl.Float32).to_numpy(),
        quantity=rows["quantity"].cast(pl.Float32).to_numpy(),
    )


def _fit(dataset: Dataset, catalogue: pl.DataFrame, settings: ModelSettings) -> Fitted:
    rng = np.random.default_rng(settings.seed)
    weights = Weights(**settings.weights.model_dump())
    history, event_strength = build_history(dataset, settings)
    factors = fit_factors(user_item_matrix(history, dataset.n_items), settings, show_progress=True)
    popularity = count_popularity(dataset, history)
    newcomers = newcomer_vectors(history, factors.users, dataset.n_items, dataset.until, rng)
    vectors = np.hstack([factors.items, newcomers, popularity_columns(popularity)])
    aligned = align_catalogue(catalogue, dataset)
    sample = rng.choice(dataset.n_users, min(RECALL_SAMPLE, dataset.n_users), replace=False)
    built = build_index(vectors, query_vectors(weights, factors.users[sample]))
    n_items = dataset.n_items
    return Fitted(
        user_ids=dataset.user_ids,
        item_ids=dataset.item_ids,
        user_factors=factors.users,
        item_vectors=vectors,
        history=history,
        co_purchases=count_co_purchases(dataset, show_progress=True)
        if n_items <= NEIGHBOURS_UP_TO
        else _no_neighbours(n_items),
        basket_weights=fit_basket_weights(dataset),
        similar=find_similar(factors.items, aligned, show_progress=True)
        if n_items <= SIMILAR_UP_TO
        else _none_similar(n_items),
        popularity=popularity,
        ranker_features=count_ranker_features(dataset, history, popularity),
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


def _no_neighbours(n_items: int) -> CoPurchases:
    floats = np.empty(0, np.float32)
    indptr, whole = np.zeros(n_items + 1, np.int64), np.empty(0, np.int32)
    return CoPurchases(indptr, items=whole, score=floats, support=whole, confidence=floats, lift=floats)


def _none_similar(n_items: int) -> Similar:
    return Similar(np.empty((n_items, 0), np.int32), np.empty((n_items, 0), np.float32))

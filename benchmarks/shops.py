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
from artifacts.model.model import Fitted, open_model, save_model
from artifacts.publishing.manifest import Provenance
from artifacts.publishing.store import Store
from benchmarks.synthetic import REVISION, Size, item_ids, user_ids, write_shop
from training.config import ModelSettings
from training.fitting.fit import fit, with_similar
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
        save_model(draft, fitted)
        store.publish(draft, provenance)


def read_dataset(data: Path, n_items: int) -> Dataset:
    """A shop's purchases as they are: nothing in them has to be cleaned."""
    rows = pl.read_parquet(
        data / "purchases" / "*.parquet", columns=["user_id", "item_id", "basket_id", "time", "price", "quantity"]
    ).with_columns(pl.col("user_id", "item_id").str.tail(7).cast(pl.Int32))
    return Dataset(
        user_ids=encode_ids(user_ids(np.arange(rows["user_id"].to_numpy().max() + 1))),
        item_ids=encode_ids(item_ids(np.arange(n_items))),
        user=rows["user_id"].to_numpy(),
        item=rows["item_id"].to_numpy(),
        basket=rows["basket_id"].cast(pl.Int64).to_numpy(),
        time=rows["time"].dt.epoch("s").to_numpy(),
        weight=np.ones(len(rows), np.float32),
        purchase=np.ones(len(rows), np.bool_),
        view=np.zeros(len(rows), np.bool_),
        price=rows["price"].cast(pl.Float32).to_numpy(),
        quantity=rows["quantity"].cast(pl.Float32).to_numpy(),
    )


def _fit(dataset: Dataset, catalogue: pl.DataFrame, settings: ModelSettings) -> Fitted:
    ranked = settings.model_copy(update={"recipe": "ranker"})  # which has the ranker's features
    paired = dataset.n_items <= NEIGHBOURS_UP_TO
    fitted = fit(dataset, catalogue, ranked, show_progress=True, co_purchases=paired)
    return with_similar(fitted, show_progress=True) if dataset.n_items <= SIMILAR_UP_TO else fitted

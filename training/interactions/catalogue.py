"""The catalogue's rows in the order of the items' indexes."""

import numpy as np
import polars as pl

from artifacts.model.catalogue import NO_CATEGORY, Catalogue
from artifacts.model.categories import as_categories
from artifacts.model.ids import encode_ids, encode_texts
from training.interactions.dataset import Dataset


def align_catalogue(catalogue: pl.DataFrame, dataset: Dataset) -> Catalogue:
    """Put the catalogue in the order of `dataset.item_ids`; items it does not list have no text and are available."""
    ids = pl.Series("item_id", [dataset.item_ids[index] for index in range(dataset.n_items)], pl.String)
    rows = ids.to_frame().join(catalogue, on="item_id", how="left", maintain_order="left")
    names = rows["category"].drop_nulls().unique().sort()
    places = pl.DataFrame({"category": names, "index": np.arange(len(names), dtype=np.int32)})
    category = rows.select("category").join(places, on="category", how="left", maintain_order="left")["index"]
    return Catalogue(
        titles=encode_texts(rows["title"]),
        image_urls=encode_texts(rows["image_url"]),
        product_urls=encode_texts(rows["product_url"]),
        categories=as_categories(encode_ids(names)),
        category=category.fill_null(NO_CATEGORY).cast(pl.Int32).to_numpy(),
        price=rows["price"].cast(pl.Float32).fill_null(float("nan")).to_numpy(),
        available=rows["available"].fill_null(True).to_numpy(),
    )

"""A shop's history as the training reads it: cleaned events and the catalogue."""

import hashlib
from dataclasses import dataclass

import polars as pl
from tqdm import tqdm

from training.cleaning import clean
from training.columns import CANONICAL, CATALOGUE, REQUIRED, SCHEMA, find, parse
from training.config import Config
from training.errors import DataError
from training.sources import open_tables


@dataclass(frozen=True)
class Interactions:
    """Cleaned events, oldest first.

    `frame`: user_id (String, null for guests), item_id (String), time (Datetime[us], UTC), basket_id (String), event
    (String), weight (Float32, of the event type), quantity (Float64, after returns), price (Float64, null if unknown).
    `catalogue`: item_id (String, unique), title, category, image_url, product_url (String), price (Float64),
    available (Boolean); every item of `frame`, and those of the catalogue's own file.
    `cleaning`: (reason, rows). `fingerprint`: sha256 over the rows read.
    """

    frame: pl.DataFrame
    catalogue: pl.DataFrame
    cleaning: tuple[tuple[str, int], ...]
    source: str
    fingerprint: str


def read_interactions(config: Config, progress: bool) -> Interactions:
    if config.data.source is None:
        raise DataError("no data: data.source names a file, directory, glob or URL")
    digest = hashlib.sha256()
    parts = []
    bar = tqdm(unit=" rows", unit_scale=True, disable=not progress, desc="reading")
    for table in open_tables(config.data.source, config.data.query):
        found = find(config.columns, table.columns, tuple(CANONICAL), REQUIRED, table.name)
        for raw in table.read(list(found.values())):
            rows = parse(raw.select(pl.col(column).alias(CANONICAL[role]) for role, column in found.items()))
            if "event" not in found:
                rows = rows.with_columns(event=pl.lit(config.purchase_event))
            digest.update(rows.write_csv(include_header=False).encode())
            parts.append(rows)
            bar.update(rows.height)
    bar.close()
    rows = pl.concat(parts, rechunk=False) if parts else pl.DataFrame(schema=dict(SCHEMA))
    cleaned = clean(rows, config.clean, config.events)
    weights = pl.col("event").replace_strict(dict(config.events), return_dtype=pl.Float32, default=None)
    frame = cleaned.frame.select(
        "user_id", "item_id", "time", "basket_id", "event", weights.alias("weight"), "quantity", "price"
    )
    return Interactions(frame, catalogue_of(cleaned.frame), cleaned.table, config.data.source, digest.hexdigest())


def catalogue_of(rows: pl.DataFrame) -> pl.DataFrame:
    texts = ("title", "category", "image_url", "product_url")
    return (
        rows.group_by("item_id")
        .agg(
            *(pl.col(c).drop_nulls().cast(pl.String).mode().sort().first().alias(c) for c in texts),
            pl.col("price").drop_nulls().last(),
            pl.col("available").drop_nulls().last().fill_null(True),
        )
        .sort("item_id")
        .select("item_id", *CATALOGUE)
    )

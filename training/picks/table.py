"""Answers as the rows of a table: columns are looked up by index, without an object for each pick."""

import numpy as np
import numpy.typing as npt
import polars as pl

from artifacts.batch.recommend_many import FALLBACKS, SOURCES, ManyAnswers
from artifacts.model.catalogue import NO_CATEGORY
from artifacts.model.ids import TextColumn
from artifacts.model.model import Model
from artifacts.model.patched_texts import PatchedTexts
from training.picks.files import SCHEMA

SCORE_PLACES = 6  # a float32 has hardly more that mean anything

_SOURCE = pl.Series([source.value for source in SOURCES], dtype=pl.String)
_FALLBACK = pl.Series([fallback and fallback.value for fallback in FALLBACKS], dtype=pl.String)


def lay_out(answers: ManyAnswers, user_ids: pl.Series, items: pl.DataFrame) -> pl.DataFrame:
    """One row a pick, as in `SCHEMA`; ranks count from 1.

    `user_ids` (n,) are those that were asked about, `items` what `describe_items` says.
    """
    picks = answers.picks
    first = np.searchsorted(picks.users, picks.users)
    columns = {
        "user_id": user_ids[picks.users],
        "rank": np.arange(1, len(first) + 1) - first,
        "score": pl.Series(picks.scores, dtype=pl.Float64).round(SCORE_PLACES),
        "source": _SOURCE[picks.sources],
        "fallback": _FALLBACK[answers.fallbacks[picks.users]],
    }
    return items[picks.items].with_columns(**columns).select(SCHEMA.names()).cast(SCHEMA)  # type: ignore[arg-type]


def describe_items(model: Model) -> pl.DataFrame:
    """Of every item its id and what the catalogue says of it, null where the shop gave nothing."""
    catalogue = model.catalogue
    categories = pl.concat([read_texts(catalogue.categories), pl.Series([None], dtype=pl.String)])
    category = np.where(catalogue.category == NO_CATEGORY, len(catalogue.categories), catalogue.category)
    prices = [round(price, 4) for price in catalogue.price.tolist()]
    return pl.DataFrame(
        {
            "item_id": read_texts(model.item_ids),
            "title": _read_patched(catalogue.titles),
            "category": categories[category],
            "price": pl.Series(prices, dtype=pl.Float64).fill_nan(None),
            "image_url": _read_patched(catalogue.image_urls),
            "product_url": _read_patched(catalogue.product_urls),
        }
    ).with_columns(pl.col("title", "image_url", "product_url").replace("", None))


def _read_patched(texts: TextColumn) -> pl.Series:
    read = read_texts(texts)
    if not isinstance(texts, PatchedTexts) or not texts.patches:
        return read
    patches = [patch.decode() for patch in texts.patches.values()]
    return read.scatter(list(texts.patches), pl.Series(patches, dtype=pl.String))


def read_texts(texts: TextColumn, rows: slice = slice(None)) -> pl.Series:
    """Successive texts of a column, cut out of it all at once."""
    offsets: npt.NDArray[np.int64] = np.append(texts.offsets[:-1][rows], texts.offsets[1:][rows][-1:])
    start, stop = (int(offsets[0]), int(offsets[-1])) if len(offsets) else (0, 0)
    cuts = pl.DataFrame({"start": offsets[:-1] - start, "length": np.diff(offsets)})
    whole = pl.lit(texts.data[start:stop].tobytes(), pl.Binary)
    return cuts.select(text=whole.bin.slice("start", "length").cast(pl.String))["text"]

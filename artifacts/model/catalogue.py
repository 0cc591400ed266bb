"""What the shop says of its items: text to show, and what filters look at."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson

from artifacts.model.arrays import open_array
from artifacts.model.categories import CategoryTable, as_categories
from artifacts.model.ids import IdTable, TextColumn, encode_texts, open_ids, open_texts

NO_CATEGORY = -1


@dataclass(frozen=True)
class Catalogue:
    """One row per item index.

    Texts are empty where the shop gave none. `category` (n_items,) int32 indexes `categories`, NO_CATEGORY where
    there is none; `price` (n_items,) float32 in the shop's currency, NaN where unknown; `available` (n_items,) bool.
    """

    titles: TextColumn
    image_urls: TextColumn
    product_urls: TextColumn
    categories: CategoryTable
    category: npt.NDArray[np.int32]
    price: npt.NDArray[np.float32]
    available: npt.NDArray[np.bool_]

    def describe(self, item: int) -> dict[str, str | float]:
        """What an answer says of an item; what the shop did not give is left out."""
        category, price = int(self.category[item]), float(self.price[item])
        known = {
            "title": self.titles[item] or None,
            "category": None if category == NO_CATEGORY else self.categories[category],
            "price": round(price, 4) if is_price(price) else None,
            "image_url": self.image_urls[item] or None,
            "product_url": self.product_urls[item] or None,
        }
        return {name: value for name, value in known.items() if value is not None}

    def save(self, directory: Path) -> None:
        self.titles.save(directory, "catalogue.titles")
        self.image_urls.save(directory, "catalogue.image_urls")
        self.product_urls.save(directory, "catalogue.product_urls")
        self.categories.save(directory, "catalogue.categories")
        np.save(directory / "catalogue.category.npy", self.category)
        np.save(directory / "catalogue.price.npy", self.price)
        np.save(directory / "catalogue.available.npy", self.available)


def is_price(price: float) -> bool:
    """Whether that can be a price: a number, not below 0."""
    return math.isfinite(price) and price >= 0


def open_catalogue(directory: Path) -> Catalogue:
    """Open what `Catalogue.save` wrote, by memory map."""
    return Catalogue(
        titles=open_texts(directory, "catalogue.titles"),
        image_urls=open_texts(directory, "catalogue.image_urls"),
        product_urls=open_texts(directory, "catalogue.product_urls"),
        categories=as_categories(open_ids(directory, "catalogue.categories")),
        category=open_array(directory / "catalogue.category.npy"),
        price=_prices(open_array(directory / "catalogue.price.npy")),
        available=open_array(directory / "catalogue.available.npy"),
    )


def _prices(price: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Prices with those that are none unknown, so that no filter finds them."""
    none = no_prices(price)
    if not len(none):
        return price
    known = price.copy()
    known[none] = np.nan
    return known


def no_prices(price: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The item indexes whose price is there, and none: below 0 or infinite. Old versions hold some."""
    return np.flatnonzero((price < 0) | np.isinf(price))


def shown_items(item_ids: IdTable, catalogue: Catalogue) -> TextColumn:
    """For each item the JSON members that an answer shows of it, `"item_id":"…","title":"…"`: an answer is put together
    from these, as reading and encoding the columns one by one would take longer than finding the items."""
    return encode_texts(shown_item(item_ids, catalogue, item).decode() for item in range(len(item_ids)))


def shown_item(item_ids: IdTable, catalogue: Catalogue, item: int) -> bytes:
    """The JSON members that an answer shows of an item, in UTF-8."""
    return orjson.dumps({"item_id": item_ids[item], **catalogue.describe(item)})[1:-1]

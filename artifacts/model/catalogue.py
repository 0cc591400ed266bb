"""What the shop says of its items: text to show, and what filters look at."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson

from artifacts.model.categories import CategoryTable
from artifacts.model.ids import IdTable, TextColumn, encode_texts

NO_CATEGORY = -1
_LARGEST = float(np.finfo(np.float32).max)


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


def is_price(price: float) -> bool:
    """Whether that can be a price: a number, not below 0, that the catalogue's float32 holds."""
    return math.isfinite(price) and 0 <= price <= _LARGEST


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

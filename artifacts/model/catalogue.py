"""What the shop says of its items: text to show, and what filters look at."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson

from artifacts.model.ids import IdTable, TextColumn, encode_texts

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
    categories: IdTable
    category: npt.NDArray[np.int32]
    price: npt.NDArray[np.float32]
    available: npt.NDArray[np.bool_]

    def describe(self, item: int) -> dict[str, str | float]:
        """What an answer says of an item; what the shop did not give is left out."""
        category, price = int(self.category[item]), float(self.price[item])
        known = {
            "title": self.titles[item] or None,
            "category": None if category == NO_CATEGORY else self.categories[category],
            "price": None if math.isnan(price) else round(price, 4),
            "image_url": self.image_urls[item] or None,
            "product_url": self.product_urls[item] or None,
        }
        return {name: value for name, value in known.items() if value is not None}


def shown_items(item_ids: IdTable, catalogue: Catalogue) -> TextColumn:
    """For each item the JSON members that an answer shows of it, `"item_id":"…","title":"…"`: an answer is put together
    from these, as reading and encoding the columns one by one would take longer than finding the items."""
    return encode_texts(
        orjson.dumps({"item_id": item_ids[item], **catalogue.describe(item)})[1:-1].decode()
        for item in range(len(item_ids))
    )

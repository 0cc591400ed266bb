"""What the shop said of its items through the live store, over the catalogue."""

import polars as pl
import pytest

from artifacts.live.items import LiveItem
from training.live.items import put_over

CATALOGUE = pl.DataFrame(
    {"item_id": ["a", "b"], "title": ["A", "B"], "category": [None, None], "price": [1.0, 2.0],
     "image_url": [None, None], "product_url": [None, None], "available": [True, False]},
    schema_overrides={"category": pl.String, "image_url": pl.String, "product_url": pl.String},
)  # fmt: skip


@pytest.mark.parametrize("price", [-5.0, float("inf"), float("nan")])
def test_a_price_that_is_none_changes_nothing(price: float) -> None:
    over = put_over(CATALOGUE, [LiveItem("a", price=price), LiveItem("b", price=3.0), LiveItem("c", price=price)])
    assert over.select("item_id", "price", "available").rows() == [
        ("a", 1.0, True),
        ("b", 3.0, False),
        ("c", None, True),
    ]

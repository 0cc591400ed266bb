"""The small inputs of shops, where they lie beside the checkout: what their values say."""

import tomllib
from typing import Any

import pytest

from tests.support.paths import CASES
from training.config import Config
from training.errors import DataError
from training.interactions.interactions import Interactions, read_interactions

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no cases in {CASES}")

PRICES = {"0101": 6.9, "0102": 24.0, "0103": 5.5, "0104": 1299.0, "0105": 14.5, "0106": 8.0, "0107": 3.2, "0108": 89.0}


def read(file: str, toml: str | None = None, **sections: Any) -> Interactions:
    """A case with its configuration, whose sources lie beside it, and with `sections` besides."""
    folder = (CASES / file).parent
    settings: dict[str, Any] = tomllib.loads((folder / toml).read_text()) if toml else {}
    data = settings.pop("data", {}) | {"source": str(CASES / file)}
    if "catalogue" in data:
        data["catalogue"] = str(folder / data["catalogue"])
    return read_interactions(Config.model_validate({"data": data, **settings, **sections}), progress=False)


def prices(found: Interactions) -> dict[str, float]:
    return dict(found.catalogue.select("item_id", "price").rows())


@pytest.mark.parametrize("name", ["orders_export", "orders_blank"])
def test_shopifys_orders(name: str) -> None:
    found = read(f"01-shopify-orders/{name}.csv", "shop.toml")
    assert found.catalogue["title"].null_count() == found.catalogue.height
    assert (found.frame["user_id"].n_unique(), found.frame["user_id"].null_count()) == (20, 0)
    table = dict(found.cleaning)
    assert (table["read"], table["kept"]) == (160, 141 if name == "orders_export" else 160)
    preset = read_interactions(
        Config.model_validate({"data": {"source": str(CASES / f"01-shopify-orders/{name}.csv"), "preset": "shopify"}}),
        progress=False,
    )
    assert preset.frame.select(found.frame.columns).equals(found.frame)
    assert dict(preset.catalogue.select("item_id", "title").rows())["0105"] == "Kaffeebohnen"


def test_shopifys_products() -> None:
    with pytest.raises(DataError, match=r"catalogue\.columns\.item") as caught:
        read("02-shopify-products/orders.csv", "shop.toml")
    assert 'catalogue.preset = "shopify" knows these columns' in str(caught.value)
    expected = ("Grüner Tee", "Tee", 6.9, "https://x.example/0101.jpg", True)
    columns = {"item": "Variant SKU", "price": "Variant Price", "category": "Type", "image_url": "Image Src"}
    for own in ({"columns": columns}, {"preset": "shopify"}):
        found = read("02-shopify-products/orders.csv", "shop.toml", catalogue=own).catalogue
        assert found.drop("item_id", "product_url").row(0) == expected
        assert found.drop("product_url").null_count().sum_horizontal().item() == 0


def test_a_blank_row_says_nothing() -> None:
    found = read("02-shopify-products/orders.csv", "shop2.toml").catalogue
    assert found.select("title", "category", "price", "available").row(0) == ("Grüner Tee", "Tee", 6.9, True)
    assert found.select("title", "category", "price").null_count().sum_horizontal().item() == 0
    found = read("02-shopify-products/orders.csv", "shop3.toml").catalogue
    assert found.select("title", "price", "available").rows()[:3] == [
        ("Tee", 6.9, False), ("Kanne", 24.0, False), ("H", 5.5, True),
    ]  # fmt: skip


def test_ta_feng() -> None:
    found = read("05-tafeng/tafeng.csv", "shop.toml")
    assert found.frame["user_id"].str.contains(r"^\d{4}$").all()
    assert sorted(found.frame["item_id"].unique()) == ["0103", "0104", "0105", "0106", "0107", "0108"]
    assert dict(found.examples)["no item"].startswith("item '4.71E+12' (")
    assert any("43 of 160 rows have no item, as a spreadsheet rounded the id" in line for line in found.found)


def test_whole_floats_join_the_catalogue() -> None:
    found = read("13-float-ids/orders.csv", "shop.toml")
    assert found.catalogue["available"].all()
    assert sorted(found.catalogue["item_id"]) == [str(100 + item) for item in range(1, 9)]
    assert "17019" in found.frame["user_id"]


def test_lost_zeros_are_refused() -> None:
    with pytest.raises(DataError, match="0 of 72 rows") as caught:
        read("14-lost-zeros/orders.csv", "shop.toml")
    said = str(caught.value)
    assert "'0105', '0108', '0103'" in said
    assert "'101', '102', '103': leading zeros are lost on one side" in said


@pytest.mark.parametrize("name", ["orders", "dollars"])
def test_thousands(name: str) -> None:
    found = read(f"17-thousands/{name}.csv")
    assert prices(found) == PRICES
    assert dict(found.cleaning)["kept"] == 160


@pytest.mark.parametrize(("name", "word"), [("orders", "NULL"), ("backslash", r"\N"), ("zero", "0")])
def test_guests(name: str, word: str) -> None:
    found = read(f"28-null-words/{name}.csv")
    assert (found.frame["user_id"].null_count(), word in found.frame["user_id"]) == (86, False)
    assert any(f"user: 86 of 160 rows are guests' by a word for nothing: {word!r}" in line for line in found.found)
    kept = read(f"28-null-words/{name}.csv", clean={"missing": ["nobody"]})
    assert kept.frame["user_id"].null_count() == 0


def test_no_item() -> None:
    found = read("28-null-words/nullitem.csv")
    assert "NULL" not in found.catalogue["item_id"]
    assert dict(found.cleaning)["no item"] == 19


@pytest.mark.parametrize(("name", "title"), [("nul", "ab"), ("nulid", "Grüner Tee"), ("trailing", "Grüner Tee"),
                                             ("inch", '5" pipe')])  # fmt: skip
def test_dirty_files(name: str, title: str) -> None:
    found = read(f"30-dirty-csv/{name}.csv")
    assert prices(found) == PRICES
    assert found.catalogue["title"][0] == title
    assert "0019" in found.frame["user_id"]

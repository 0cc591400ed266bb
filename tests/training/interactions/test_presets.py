"""The exports of shop systems, in files of their layout."""

import csv
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from training.config import Config, load_config
from training.errors import ConfigError, DataError
from training.interactions.interactions import Interactions, read_interactions

SHOPIFY_ORDERS = """\
Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at,Refunded Amount,Id
#1001,ann@shop.example,paid,2026-06-01 10:00:00 +0200,fulfilled,EUR,22.90,2026-06-01 10:00:00 +0200,1,Green tea,6.90,0101,,0.00,5001
#1001,,,,,,,,2,Cup,8.00,0106,,,
#1002,bob@shop.example,refunded,2026-06-02 10:00:00 +0200,fulfilled,EUR,14.90,2026-06-02 10:00:00 +0200,1,Green tea,6.90,0101,,14.90,5002
#1002,,,,,,,,1,Cup,8.00,0106,,,
#1003,cat@shop.example,paid,2026-06-03 10:00:00 +0200,unfulfilled,EUR,8.00,2026-06-03 10:00:00 +0200,1,Cup,8.00,0106,2026-06-03 12:00:00 +0200,0.00,5003
#1004,,paid,2026-06-04 10:00:00 +0200,fulfilled,EUR,8.00,2026-06-04 10:00:00 +0200,1,Cup,8.00,0106,,0.00,5004
"""  # noqa: E501
SHOPIFY_PRODUCTS = """\
Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Image Src,Image Position,Status
tea,Green tea,<p>,Leaf,Food > Drinks > Tea,,,TRUE,Size,50 g,0101,50,shopify,4,deny,6.90,https://x.example/tea.jpg,1,active
tea,,,,,,,,,100 g,0102,100,shopify,0,deny,12.90,https://x.example/tea-2.jpg,2,
tea,,,,,,,,,,,,,,,,https://x.example/tea-3.jpg,3,
cup,Cup,<p>,Clay,,Tableware,,TRUE,Title,Default Title,0106,200,shopify,0,continue,8.00,https://x.example/cup.jpg,1,active
pot,Pot,<p>,Clay,,Tableware,,FALSE,Title,Default Title,0107,800,shopify,9,deny,30.00,https://x.example/pot.jpg,1,draft
"""  # noqa: E501
WOO_ORDERS = """\
order_id,order_number,order_date,status,order_total,customer_id,billing_email,item_id,item_product_id,item_name,item_sku,item_quantity,item_price
71,71,2026-06-01 10:00:00,completed,22.90,7,ann@shop.example,1,11,Green tea,0101,1,6.90
71,71,2026-06-01 10:00:00,completed,22.90,7,ann@shop.example,2,16,Cup,0106,2,8.00
72,72,2026-06-02 10:00:00,cancelled,8.00,8,bob@shop.example,3,16,Cup,0106,1,8.00
73,73,2026-06-03 10:00:00,processing,8.00,0,cat@shop.example,4,16,Cup,0106,1,8.00
"""
WOO_PRODUCTS = """\
ID,Type,SKU,Name,Published,"Is featured?","Visibility in catalog","In stock?",Stock,"Sale price","Regular price",Categories,Images,Parent
11,simple,0101,Green tea,1,0,visible,1,4,,6.90,"Drinks, Drinks > Tea, Gifts","https://x.example/tea.jpg, https://x.example/tea-2.jpg",
16,simple,0106,Cup,1,0,visible,backorder,,7.00,8.00,"Pots\\, cups",https://x.example/cup.jpg,
17,simple,0107,Pot,-1,0,visible,1,3,,30.00,Tableware,,
18,simple,0108,Mill,1,0,visible,0,0,,89.00,Tableware,,
"""  # noqa: E501
MAGENTO_ORDERS = """\
increment_id,created_at,status,customer_id,customer_email,sku,name,qty_ordered,price
000000071,2026-06-01 10:00:00,complete,7,ann@shop.example,0101,Green tea,1.0000,6.9000
000000071,2026-06-01 10:00:00,complete,7,ann@shop.example,0106,Cup,2.0000,8.0000
000000072,2026-06-02 10:00:00,canceled,8,bob@shop.example,0106,Cup,1.0000,8.0000
000000073,2026-06-03 10:00:00,processing,,cat@shop.example,0106,Cup,1.0000,8.0000
"""
MAGENTO_PRODUCTS = """\
sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,product_online,price,url_key,base_image,qty,is_in_stock
0101,,Default,simple,"Default Category/Drinks,Default Category/Drinks/Tea,Default Category/Gifts",base,Green tea,1,6.900000,green-tea,/t/e/tea.jpg,4.0000,1
0101,de,Default,simple,,,Grüner Tee,,,,,,
0106,,Default,simple,Default Category,base,Cup,1,8.000000,cup,/c/u/cup.jpg,0.0000,0
0106,de,Default,simple,,,Tasse,1,,,,,
0107,,Default,simple,Default Category/Tableware,base,Pot,2,30.000000,pot,/p/o/pot.jpg,9.0000,1
"""  # noqa: E501
GOOGLE = """\
id\ttitle\tdescription\tlink\timage link\tavailability\tprice\tsale price\tproduct type\tgoogle product category
0101\tGreen tea\tGood\thttps://x.example/p/0101\thttps://x.example/tea.jpg\tin_stock\t6.90 EUR\t\tDrinks > Tea\tFood, Beverages & Tobacco > Beverages
0106\tCup\tRound\thttps://x.example/p/0106\thttps://x.example/cup.jpg\tbackorder\t1,008.00 EUR\t7.00 EUR\t\tHome & Garden
0107\tPot\tTall\thttps://x.example/p/0107\t\tout_of_stock\t30.00 EUR\t\tTableware\t
"""  # noqa: E501
TEXTS = ("item_id", "title", "category", "price", "image_url", "available")


def read(tmp_path: Path, orders: str, data: str = "", catalogue: str = "", products: str = "") -> Interactions:
    (tmp_path / "orders.csv").write_text(orders)
    name = "products.tsv" if "\t" in products else "products.csv"
    (tmp_path / name).write_text(products)
    own = f'[catalogue]\nsource = "{tmp_path}/{name}"\n{catalogue}\n' if products else ""
    (tmp_path / "shop.toml").write_text(f'[data]\nsource = "{tmp_path}/orders.csv"\n{data}\n{own}')
    return read_interactions(load_config(tmp_path / "shop.toml", None), progress=False)


def rows(found: Interactions, *columns: str) -> list[tuple[Any, ...]]:
    return found.frame.select(*columns).rows()


@pytest.mark.parametrize(
    ("preset", "orders", "first", "guest", "void"),
    [
        ("shopify", SHOPIFY_ORDERS, ("ann@shop.example", "#1001", "2026-06-01 08:00:00"), "#1004", 3),
        ("woocommerce", WOO_ORDERS, ("7", "71", "2026-06-01 10:00:00"), "73", 1),
        ("magento", MAGENTO_ORDERS, ("7", "000000071", "2026-06-01 10:00:00"), "000000073", 1),
    ],
)
def test_orders(  # noqa: PLR0917
    tmp_path: Path, preset: str, orders: str, first: tuple[str, str, str], guest: str, void: int
) -> None:
    found = read(tmp_path, orders, f'preset = "{preset}"')
    user, basket, time = first
    assert rows(found, "user_id", "item_id", "basket_id", "quantity", "price") == [
        (user, "0101", basket, 1.0, 6.9),
        (user, "0106", basket, 2.0, 8.0),
        (None, "0106", guest, 1.0, 8.0),
    ]
    assert [str(one) for one in found.frame["time"][:2]] == [time, time]
    assert found.catalogue.select("item_id", "title").rows() == [("0101", "Green tea"), ("0106", "Cup")]
    assert dict(found.cleaning)["order cancelled or refunded"] == void
    table = [(what, count) for what, count in found.cleaning if not what.startswith("of these")]
    assert table[0] == ("read", 3 + void)
    assert sum(count for _, count in table[1:]) == 3 + void
    assert any(line.startswith(f"columns (preset {preset}): user = ") for line in found.found)


@pytest.mark.parametrize(
    ("preset", "products", "expected"),
    [
        (
            "shopify",
            SHOPIFY_PRODUCTS,
            [
                ("0101", "Green tea", "Food > Drinks > Tea", 6.9, "https://x.example/tea.jpg", True),
                ("0102", "Green tea", "Food > Drinks > Tea", 12.9, "https://x.example/tea-2.jpg", False),
                ("0106", "Cup", "Tableware", 8.0, "https://x.example/cup.jpg", True),
                ("0107", "Pot", "Tableware", 30.0, "https://x.example/pot.jpg", False),
            ],
        ),
        (
            "woocommerce",
            WOO_PRODUCTS,
            [
                ("0101", "Green tea", "Drinks > Tea|Gifts", 6.9, "https://x.example/tea.jpg", True),
                ("0106", "Cup", "Pots, cups", 8.0, "https://x.example/cup.jpg", True),
                ("0107", "Pot", "Tableware", 30.0, None, False),
                ("0108", "Mill", "Tableware", 89.0, None, False),
            ],
        ),
        (
            "magento",
            MAGENTO_PRODUCTS,
            [
                ("0101", "Green tea", "Drinks > Tea|Gifts", 6.9, None, True),
                ("0106", "Cup", None, 8.0, None, False),
                ("0107", "Pot", "Tableware", 30.0, None, False),
            ],
        ),
        (
            "google",
            GOOGLE,
            [
                ("0101", "Green tea", "Drinks > Tea", 6.9, "https://x.example/tea.jpg", True),
                ("0106", "Cup", "Home & Garden", 1008.0, "https://x.example/cup.jpg", True),
                ("0107", "Pot", "Tableware", 30.0, None, False),
            ],
        ),
    ],
)
def test_products(tmp_path: Path, preset: str, products: str, expected: list[tuple[Any, ...]]) -> None:
    found = read(tmp_path, SHOPIFY_ORDERS, 'preset = "shopify"', f'preset = "{preset}"', products)
    assert found.catalogue.select(TEXTS).rows() == expected


def test_columns_that_are_named_go_before_the_presets(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(SHOPIFY_ORDERS)
    settings = {
        "data": {"source": str(tmp_path / "orders.csv"), "preset": "shopify"},
        "columns": {"item": "Lineitem name", "title": ""},
    }
    found = read_interactions(Config.model_validate(settings), progress=False)
    assert found.catalogue.select("item_id", "title").rows() == [("Cup", None), ("Green tea", None)]


def test_a_column_that_the_preset_needs_is_named(tmp_path: Path) -> None:
    orders = SHOPIFY_ORDERS.replace("Lineitem sku", "Lineitem code")
    with pytest.raises(DataError, match=r"no item column: name it as columns\.item \(the preset's are: Lineitem sku\)"):
        read(tmp_path, orders, 'preset = "shopify"')


def test_a_preset_that_fits_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'data\.preset = "shopify" knows these columns'):
        read(tmp_path, SHOPIFY_ORDERS)
    with pytest.raises(DataError, match=r'catalogue\.preset = "shopify" knows these columns'):
        read(tmp_path, WOO_ORDERS, 'preset = "woocommerce"', "", SHOPIFY_PRODUCTS)


def test_a_feed_is_no_export_of_orders(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.preset = 'google': input should be 'shopify', 'woocommerce'"):
        read(tmp_path, SHOPIFY_ORDERS, 'preset = "google"')


def test_the_files_are_well_formed() -> None:
    for text in (SHOPIFY_ORDERS, SHOPIFY_PRODUCTS, WOO_ORDERS, WOO_PRODUCTS, MAGENTO_ORDERS, MAGENTO_PRODUCTS):
        header, *others = csv.reader(text.splitlines(), escapechar=None)
        assert {len(row) for row in others} == {len(header)}
    assert pl.read_csv(GOOGLE.encode(), separator="\t").height == 3

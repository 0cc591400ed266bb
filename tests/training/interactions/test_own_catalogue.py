"""The catalogue's own source: several rows an item, its own columns and layout, and whether it is about what sells."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from training.config import Config, load_config
from training.errors import ConfigError, DataError
from training.interactions.interactions import Interactions, read_interactions

ORDERS = [("0101", 6.9), ("0102", 24.0), ("0103", 5.5), ("0104", 1299.0)]
SOLD = "user_id,sku,ordered_at,unit_price\n" + "".join(
    f"u{day},{item},2026-06-{day + 1:02},{price}\n" for day in range(10) for item, price in ORDERS
)


def read(tmp_path: Path, products: str, orders: str = SOLD, **catalogue: object) -> Interactions:
    (tmp_path / "orders.csv").write_text(orders)
    (tmp_path / "products.csv").write_text(products)
    settings = {
        "data": {"source": str(tmp_path / "orders.csv")},
        "catalogue": {"source": str(tmp_path / "products.csv"), **catalogue},
    }
    return read_interactions(Config.model_validate(settings), progress=False)


def problem(tmp_path: Path, products: str, orders: str = SOLD, **catalogue: object) -> str:
    with pytest.raises(DataError) as caught:
        read(tmp_path, products, orders, **catalogue)
    return str(caught.value)


def items(found: Interactions, *columns: str) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in found.catalogue.select("item_id", *columns).rows()}


def listed(header: str, *lines: str) -> str:
    return "\n".join([header, *lines]) + "\n"


def test_a_blank_says_nothing_and_the_first_value_counts(tmp_path: Path) -> None:
    products = listed(
        "sku,title,price,category,in_stock,image",
        "0101,,6.9,,0,", "0101,Grüner Tee,,Tee,,1.jpg", "0101,Green tea,7.9,,,2.jpg",
        "0102,Teekanne,24,Geschirr,0,", "0102,,,,1,",
        "0103,Honig,5.5,Essen,,", "0103,,,,,",
        "0104,NULL,null,-,1,",
    )  # fmt: skip
    found = read(tmp_path, products)
    assert items(found, "title", "price", "category", "image_url", "available") == {
        "0101": ("Grüner Tee", 6.9, "Tee", "1.jpg", False),
        "0102": ("Teekanne", 24.0, "Geschirr", None, True),
        "0103": ("Honig", 5.5, "Essen", None, True),
        "0104": (None, 1299.0, None, None, True),
    }
    assert "4 rows more than items: the first value that is there counts" in found.found


def test_it_has_its_own_columns_and_layout(tmp_path: Path) -> None:
    products = listed("code;label;item;cost", "0101;Grüner Tee;x;6,90", "0102;Kanne;y;1.024,00", "0103;;z;5,50")
    columns = {"item": "code", "title": "label", "price": "cost"}
    found = read(tmp_path, products, separator=";", decimal=",", columns=columns)
    assert items(found, "title", "price", "available") == {
        "0101": ("Grüner Tee", 6.9, True),
        "0102": ("Kanne", 1024.0, True),
        "0103": (None, 5.5, True),
        "0104": (None, 1299.0, False),
    }
    named = listed("0101,Tee", "0102,Kanne", "0103,Honig")[:-1]
    found = read(tmp_path, named, header=False, names=("sku", "title"))
    assert items(found, "title")["0102"] == ("Kanne",)
    assert "no column 'cost' (catalogue.columns.price)" in problem(tmp_path, SOLD, columns={"price": "cost"})


def test_it_may_be_a_table_in_a_database(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("create table product (sku text, name text, price real, stock integer)")
        rows = [("0101", "Tee", 6.9, 3), ("0102", "Kanne", 24.0, 0), ("0103", "Honig", 5.5, 1)]
        database.executemany("insert into product values (?, ?, ?, ?)", rows)
    database.close()
    found = read(
        tmp_path,
        "",
        source=f"sqlite:///{tmp_path}/shop.db",
        query="select sku, name, price, stock as in_stock from product",
    )
    assert items(found, "title", "price", "available")["0102"] == ("Kanne", 24.0, False)


def test_the_short_form_is_another_word_for_its_source(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text('[data]\ncatalogue = "a.csv"\n[catalogue.columns]\nitem = "code"\n')
    own = load_config(tmp_path / "shop.toml", None).own_catalogue
    assert own is not None
    assert (own.source, own.columns.item) == ("a.csv", "code")
    (tmp_path / "shop.toml").write_text('[data]\ncatalogue = "a.csv"\n[catalogue]\nsource = "b.csv"\n')
    with pytest.raises(ConfigError, match=r"data\.catalogue is short for catalogue\.source: give one of them"):
        load_config(tmp_path / "shop.toml", None)
    (tmp_path / "shop.toml").write_text('[catalogue]\nsource = "postgresql://me:secret@shop/db"\n')
    assert "secret" not in str(load_config(tmp_path / "shop.toml", None).public())


@pytest.mark.parametrize(
    ("ids", "hint"),
    [
        (("101", "102", "103", "104"), "leading zeros are lost on one side, as a spreadsheet loses them"),
        (("A-0101", "A-0102", "A-0103"), "which column holds the same ids? (catalogue.columns.item)"),
    ],
)
def test_a_catalogue_of_other_ids_is_refused(tmp_path: Path, ids: tuple[str, ...], hint: str) -> None:
    said = problem(tmp_path, listed("sku,title", *(f"{one},x" for one in ids)))
    assert f"{tmp_path}/products.csv: the catalogue holds the items of 0 of 40 rows of the last 28 days only" in said
    assert "items that sell are '0101', '0102', '0103'" in said
    assert f"the catalogue's are {ids[0]!r}, {ids[1]!r}, {ids[2]!r}" in said
    assert hint in said


@pytest.mark.parametrize(
    ("ids", "hint"),
    [("abc-{}", "small and capital letters differ"), ("ABC {}", "blanks and punctuation differ")],
)
def test_ids_in_other_spelling_are_told(tmp_path: Path, ids: str, hint: str) -> None:
    orders = SOLD.replace(",01", ",ABC-01")
    assert hint in problem(tmp_path, listed("sku,title", *(f"{ids.format(item)},x" for item, _ in ORDERS)), orders)


def test_a_catalogue_of_half_of_what_sells_will_do_and_the_rest_is_named(tmp_path: Path) -> None:
    assert "the items of 10 of 40 rows" in problem(tmp_path, listed("sku,title", "0101,x"))
    found = read(tmp_path, listed("sku,title", "0101,x", "0102,y"))
    assert any(line.startswith("20 of 40 rows of the last 28 days are of items that") for line in found.found)
    assert items(found, "available")["0103"] == (False,)


def test_what_sold_long_ago_need_not_be_in_it(tmp_path: Path) -> None:
    orders = SOLD.replace("2026-06", "2025-06") + "u1,0104,2026-06-01,1299\n"
    assert items(read(tmp_path, listed("sku,title", "0104,x"), orders), "available")["0101"] == (False,)


def test_nothing_available_is_refused(tmp_path: Path) -> None:
    products = listed("sku,title,in_stock", *(f"{item},x,sold out" for item, _ in ORDERS))
    assert "no item of the catalogue is available: it says 'sold out' (4)" in problem(tmp_path, products)
    orders = SOLD.replace("unit_price", "unit_price,available").replace(".9\n", ".9,no\n").replace(".0\n", ".0,no\n")
    (tmp_path / "orders.csv").write_text(orders.replace(".5\n", ".5,no\n"))
    config = Config.model_validate({"data": {"source": str(tmp_path / "orders.csv")}})
    with pytest.raises(DataError, match="no item is available"):
        read_interactions(config, progress=False)


def test_prices_that_are_none_are_left_out(tmp_path: Path) -> None:
    products = listed("sku,title,price", "0101,a,inf", "0102,b,-5", "0103,c,on request", "0104,d,nan", "0105,e,-1",
                      "0106,f,7.5", "0107,g,0", "0108,h,1", "0109,i,2")  # fmt: skip
    found = read(tmp_path, products)
    assert items(found, "price") == {
        "0101": (6.9,), "0102": (24.0,), "0103": (5.5,), "0104": (1299.0,), "0105": (None,), "0106": (7.5,),
        "0107": (0.0,), "0108": (1.0,), "0109": (2.0,),
    }  # fmt: skip
    assert (
        f"{tmp_path}/products.csv: price: 1 values are no numbers: 'on request' ({tmp_path}/products.csv, line 4)"
        in (found.found)
    )
    assert "price: 4 that are no numbers, below 0 or infinite are left out: inf of '0101'" in found.found


@pytest.mark.parametrize("words", [("auf Lager", "ausverkauft"), ("active", "archived"), ("17", "0"),
                                   ("https://schema.org/InStock", "https://schema.org/SoldOut"),
                                   ("backorder", "out_of_stock"), ("preorder", "discontinued")])  # fmt: skip
def test_the_words_of_shops_are_known(tmp_path: Path, words: tuple[str, str]) -> None:
    yes, no = words
    products = listed("sku,title,availability", f"0101,a,{yes}", f"0102,b,{no}", f"0103,c,{yes}", "0104,d,")
    available = items(read(tmp_path, products), "available")
    assert available == {"0101": (True,), "0102": (False,), "0103": (True,), "0104": (True,)}

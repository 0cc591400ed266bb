"""What only all rows of a source tell: titles that are none, whose an order's rows are, what was found."""

from pathlib import Path

import pytest

from training.config import Config
from training.interactions.interactions import Interactions, read_interactions


def read(tmp_path: Path, text: str, **sections: object) -> Interactions:
    (tmp_path / "orders.csv").write_text(text)
    config = Config.model_validate({"data": {"source": str(tmp_path / "orders.csv")}, **sections})
    return read_interactions(config, progress=False)


def orders(header: str, line: str, n_orders: int = 30) -> str:
    """Orders of two lines each, of `line` with {order}, {item}, {day}."""
    lines = [line.format(order=order, item=(order + more) % 7, day=1 + order % 28)
             for order in range(n_orders) for more in range(2)]  # fmt: skip
    return "\n".join([header, *lines]) + "\n"


def test_an_orders_number_is_no_title(tmp_path: Path) -> None:
    named = orders("user_id,sku,date,order_no,name", "u{order},{item},2026-06-{day:02},{order},#{order}")
    columns = {"basket": "name"}
    assert read(tmp_path, named, columns=columns).catalogue["title"].null_count() == 7
    found = read(tmp_path, named, columns={"basket": "order_no"})
    assert found.catalogue["title"].null_count() == 7
    assert "title: the column that was found has one value an order, and is not used" in found.found
    without = orders("user_id,sku,date,name", "u{order},{item},2026-06-{day:02} 10:00,#{order}")
    assert read(tmp_path, without).catalogue["title"].null_count() == 7


def test_a_title_of_the_item_stays_one(tmp_path: Path) -> None:
    text = orders("user_id,sku,date,order_id,name", "u{order},{item},2026-06-{day:02},{order},Item {item}")
    assert read(tmp_path, text).catalogue["title"].to_list() == [f"Item {item}" for item in range(7)]
    text = orders("user_id,name,date,order_id", "u{order},Item {item},2026-06-{day:02},{order}")
    found = read(tmp_path, text, columns={"item": "name"}).catalogue
    assert found["title"].to_list() == found["item_id"].to_list()


def test_a_title_that_the_configuration_names_is_not_questioned(tmp_path: Path) -> None:
    text = orders("user_id,sku,date,order_id,name", "u{order},{item},2026-06-{day:02},{order},#{order}")
    assert read(tmp_path, text, columns={"title": "name"}).catalogue["title"].null_count() == 0


def test_an_orders_rows_are_of_its_one_user_and_time(tmp_path: Path) -> None:
    lines = ["user_id,sku,date,order_id", "a,1,2026-06-01,7", ",2,,7", ",3,2026-06-02,8", "b,4,2026-06-03,9",
             "c,5,2026-06-03,9", ",6,2026-06-03,9", "d,7,2026-06-04,10", "d,8,,10"]  # fmt: skip
    found = read(tmp_path, "\n".join([*lines, ""]))
    assert found.frame.select("user_id", "item_id").rows() == [
        ("a", "1"), ("a", "2"), (None, "3"), (None, "6"), ("b", "4"), ("c", "5"), ("d", "7"),
    ]  # fmt: skip
    place = f"{tmp_path}/orders.csv, line"
    assert f"user: 1 rows without one have that of their order: {place} 3" in found.found
    assert f"time: 1 rows without one have that of their order: {place} 3" in found.found
    assert dict(found.examples)["bad time"] == f"time none ({place} 9)", "a slip, where the user is there"


def test_each_dropped_reason_has_its_first_row_with_file_and_line(tmp_path: Path) -> None:
    rows = ["u1,1,2026-06-01,7,2.50,1", "u1,NULL,2026-06-01,7,2.50,1", "u1,2,soon,8,2.50,1", ",3,2026-06-02,,2.50,1",
            "u1,1,2026-06-01,7,2.50,1", "u2,4,2026-06-02,9,gift,1", "u2,5,2026-06-02,9,2.50,-1",
            *(f"u3,{item},2026-06-{item:02},5{item},3.5,1" for item in range(10, 28))]  # fmt: skip
    found = read(tmp_path, "\n".join(["user_id,sku,date,order_id,price,quantity", *rows]) + "\n")
    file = f"{tmp_path}/orders.csv"
    assert dict(found.examples) == {
        "no item": f"item 'NULL' ({file}, line 3)",
        "bad time": f"time 'soon' ({file}, line 4)",
        "no user and no basket": f"item '3' ({file}, line 5)",
        "duplicate": f"item '1' ({file}, line 6)",
        "price or quantity not positive": f"price 'gift', quantity 1 ({file}, line 7)",
        "cancelled or returned": f"basket '9', quantity -1 ({file}, line 8)",
    }
    assert f"{file}: price: 1 values are no numbers: 'gift' ({file}, line 7)" in found.found
    assert f"item: 1 of 25 rows have no item by a word for nothing: 'NULL' ({file}, line 3)" in found.found
    assert f"{file}: CSV, separated by ',', utf-8" in found.found
    assert (
        "columns: user = user_id, item = sku, time = date, basket = order_id, quantity = quantity, price = price"
        in found.found
    )


@pytest.mark.parametrize(
    "price", ['"1,299.00"', '"$1,299.00"', "1299.00 EUR", '"1.299,00"', "1'299.00", '"1 299,00 €"']
)
def test_a_dear_item_keeps_its_price(tmp_path: Path, price: str) -> None:
    cheap = price.replace("1,299", "14").replace("1.299", "14").replace("1299", "14").replace("1'299", "14")
    cheap = cheap.replace("1 299", "14")
    lines = [f"u{n},{item},2026-06-{n + 1:02},{cost}" for n in range(9) for item, cost in (("a", price), ("b", cheap))]
    found = read(tmp_path, "\n".join(["user_id,sku,date,price", *lines]) + "\n")
    assert found.catalogue.select("item_id", "price").rows() == [("a", 1299.0), ("b", 14.0)]
    assert dict(found.cleaning)["kept"] == 18


def test_each_file_has_its_own_decimal_mark(tmp_path: Path) -> None:
    folder = tmp_path / "days"
    folder.mkdir()
    (folder / "1.csv").write_text('user_id,sku,date,price\na,1,2026-06-01,"1.299"\nb,1,2026-06-02,"14,50"\n')
    (folder / "2.csv").write_text("user_id,sku,date,price\nc,1,2026-06-03,14.50\nd,1,2026-06-04,1.5\n")
    config = Config.model_validate({"data": {"source": str(folder)}})
    found = read_interactions(config, progress=False)
    assert found.frame["price"].to_list() == [1299.0, 14.5, 14.5, 1.5]
    assert f"{folder}/1.csv: price: the decimal mark is ," in found.found

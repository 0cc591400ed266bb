"""Every export that the page on a shop's own data shows is read as the page says."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pytest

from tests.support.documents import Block, page
from training.config import load_config
from training.interactions.interactions import read_interactions

PAGES = (page("getting-started"), page("your-data"))
FILES: Mapping[str, str] = {block.file: block.text for each in PAGES for block in each.blocks if block.file}
DATABASE, SQLITE = "postgresql://reader@db.example/shop", "sqlite:///shop.db"
TABLES = """
CREATE TABLE order_lines (customer_id, sku, ordered_at, order_id, quantity, unit_price);
INSERT INTO order_lines VALUES ('7', 'ESP-1', '2026-06-01 10:12:00', 1001, 1, 249.0);
CREATE TABLE products (sku, name, category, price, in_stock);
INSERT INTO products VALUES ('ESP-1', 'Espresso machine', 'Kitchen > Coffee', 249.0, 3);
"""


def shown() -> list[tuple[str, str]]:
    """Each training file of the page, and the `found:` block that comes next."""
    blocks = page("your-data").blocks
    return [
        (block.file, _next(blocks[place:]).text)
        for place, block in enumerate(blocks)
        if block.file and block.language == "toml"
    ]


def _next(blocks: list[Block]) -> Block:
    return next(block for block in blocks if block.text.startswith("found:"))


def write_excel() -> None:
    time = pl.col("order_date").str.to_datetime("%d.%m.%Y %H:%M")
    price = pl.col("price").str.replace(".", "", literal=True).str.replace(",", ".").cast(pl.Float64)
    pl.read_csv("own.csv", separator=";").with_columns(time, price).write_excel("orders.xlsx")


def write_parquet() -> None:
    pl.read_csv("orders.csv", try_parse_dates=True).write_parquet("orders.parquet")


def write_database() -> None:
    with sqlite3.connect("shop.db") as connection:
        connection.executescript(TABLES)
    connection.close()
    Path("database.toml").write_text(FILES["database.toml"].replace(DATABASE, SQLITE))


# What stands in no page.
MADE: Mapping[str, Callable[[], None]] = {
    "excel.toml": write_excel,
    "parquet.toml": write_parquet,
    "database.toml": write_database,
}


@pytest.mark.parametrize(("config", "found"), shown())
def test_what_is_found(config: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)
    MADE.get(config, lambda: None)()
    read = read_interactions(load_config(Path(config), None), progress=False)
    said = found.partition("\n\n")[0].replace(DATABASE, SQLITE).splitlines()
    assert said == ["found:", *(f"  {line}" for line in read.found)]


def test_every_kind_is_shown() -> None:
    assert len(shown()) == 10

"""Databases by URL and query, against SQLite files and a real PostgreSQL server."""

import sqlite3
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from training.config import Config, load_config
from training.errors import DataError
from training.interactions.interactions import Interactions, read_interactions
from training.reading import database

at = datetime.fromisoformat

QUERY = "select customer, sku, bought_at, units from orders order by bought_at"
MAPPED = """
[columns]
user = "customer"
item = "sku"
time = "bought_at"
quantity = "units"
"""


def config(tmp_path: Path, url: str, query: str | None = QUERY) -> Config:
    file = tmp_path / "shop.toml"
    file.write_text(MAPPED + (f"[data]\nquery = '''{query}'''\n" if query else ""))
    return load_config(file, url)


def read(tmp_path: Path, url: str, query: str | None = QUERY) -> Interactions:
    return read_interactions(config(tmp_path, url, query), progress=False)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    file = tmp_path / "shop.db"
    connection = sqlite3.connect(file)
    connection.execute("create table orders (customer text, sku text, bought_at text, units integer)")
    connection.executemany(
        "insert into orders values (?, ?, ?, ?)",
        [
            ("007", "0042", "2024-03-01 10:00:00", 2),
            ("007", "43", "2024-03-02T10:00:00+01:00", 1),
            (8, "0042", 1709460000, None),
        ],
    )
    connection.commit()
    connection.close()
    return f"sqlite:///{file}"


@pytest.fixture(scope="module")
def shop_url(postgres_url: str) -> str:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(
            sa.text("create table orders (customer uuid, sku text, bought_at timestamptz, units numeric(9, 2))")
        )
        connection.execute(sa.text("create sequence receipts"))
        connection.execute(
            sa.text(
                "insert into orders values"
                " ('00000000-0000-0000-0000-000000000007', '0042', '2024-03-01 12:30:00+02', 2.50),"
                " ('00000000-0000-0000-0000-000000000007', '100% silk', '2024-03-02 10:00:00.5+00', null),"
                " (null, '0042', '2024-03-03 10:00:00+00', 1)"
            )
        )
    engine.dispose()
    return postgres_url


def test_sqlite_rows_keep_leading_zeros_and_times_of_any_kind(tmp_path: Path, sqlite_url: str) -> None:
    frame = read(tmp_path, sqlite_url).frame
    assert frame.select("user_id", "item_id", "time", "quantity").rows() == [
        ("007", "0042", at("2024-03-01 10:00"), 2.0),
        ("007", "43", at("2024-03-02 09:00"), 1.0),
        ("8", "0042", at("2024-03-03 10:00"), 1.0),
    ]


def test_postgresql_types_become_text_utc_and_numbers(tmp_path: Path, shop_url: str) -> None:
    interactions = read(tmp_path, shop_url)
    user = "00000000-0000-0000-0000-000000000007"
    assert interactions.frame.select("user_id", "item_id", "time", "quantity").rows() == [
        (user, "0042", at("2024-03-01 10:30"), 2.5),
        (user, "100% silk", at("2024-03-02 10:00:00.5"), 1.0),
    ]
    assert dict(interactions.cleaning)["no user and no basket"] == 1


def test_the_query_is_the_databases_own_text(tmp_path: Path, shop_url: str) -> None:
    query = "select * from orders where sku like '100%' and bought_at::text like '%10:00:00%' and '12:30' <> ':x'"
    assert read(tmp_path, shop_url, query).frame["item_id"].to_list() == ["100% silk"]


def test_postgresql_is_streamed_in_batches(tmp_path: Path, shop_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BATCH_ROWS", 1000)
    query = "select 'u' || n % 100 as customer, '00' || n as sku, n as bought_at from generate_series(1, 2500) n"
    with database.open_query(shop_url, query) as table:
        batches = list(table.read(["sku", "bought_at"]))
    assert [batch.height for batch in batches] == [1000, 1000, 500]
    assert batches[2].row(-1) == ("002500", "2500")


def test_a_query_cannot_change_the_shops_database(tmp_path: Path, shop_url: str) -> None:
    query = "select nextval('receipts')::text as customer, sku, bought_at, units from orders"
    with pytest.raises(DataError, match="read-only"):
        read(tmp_path, shop_url, query)


def test_what_hosting_companies_call_postgres_is_postgresql(tmp_path: Path, shop_url: str) -> None:
    assert read(tmp_path, shop_url.replace("postgresql://", "postgres://")).frame.height == 2


def test_same_rows_from_another_database_have_the_same_fingerprint(
    tmp_path: Path, sqlite_url: str, shop_url: str
) -> None:
    query = (
        "select * from (values ('007', '0042', timestamp '2024-03-01 10:00:00', 2),"
        " ('007', '43', timestamp '2024-03-02 09:00:00', 1), ('8', '0042', timestamp '2024-03-03 10:00:00', null))"
        " as orders (customer, sku, bought_at, units)"
    )
    lite = read(tmp_path, sqlite_url, QUERY.replace("order by bought_at", "order by rowid"))
    assert read(tmp_path, shop_url, query).fingerprint == lite.fingerprint
    fewer = read(tmp_path, sqlite_url, QUERY + " limit 2")
    assert fewer.fingerprint != lite.fingerprint


@pytest.mark.parametrize(
    ("url", "query", "problem"),
    [
        ("sqlite:///{tmp}/none.db", QUERY, r"none\.db: no such file"),
        ("postgresql://shop:secret@127.0.0.1:9/shop", QUERY, r"shop:\*\*\*@127\.0\.0\.1:9/shop: .*refused"),
        ("oracle9://shop:secret@db/shop", QUERY, r"oracle9://shop:\*\*\*@db/shop: no driver"),
        ("mysql://shop:secret@db/shop", QUERY, r"mysql://shop:\*\*\*@db/shop: no driver"),
        ("postgresql://shop:secret@db:port/shop", QUERY, r"postgresql://…: no database URL"),
        ("{sqlite}", None, r"a database needs a query \(data\.query\)"),
        ("{sqlite}", "select * from purchases", "no such table: purchases"),
        ("{sqlite}", "select customer as buyer, sku, bought_at, units from orders", "no column 'customer'"),
        ("{shop}", "select nothing", 'column "nothing" does not exist'),
        ("{shop}", "select 1 / (n - 3) as customer, n as sku, n as bought_at, 1 as units"
                   " from generate_series(1, 5) n", "division by zero"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_clear_error(
    tmp_path: Path, sqlite_url: str, shop_url: str, *, url: str, query: str | None, problem: str
) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        read(tmp_path, url.format(tmp=tmp_path, sqlite=sqlite_url, shop=shop_url), query)
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "none.db").exists()


def test_the_source_is_told_without_its_password(tmp_path: Path, shop_url: str) -> None:
    with_password = shop_url.replace("shop@", "shop:secret@")
    interactions = read(tmp_path, with_password)
    assert interactions.source == shop_url.replace("shop@", "shop:***@")

"""A password in an address of a database, whatever it is called there, is written down and shown nowhere."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import psycopg
import pytest

from artifacts.publishing.manifest import MANIFEST_NAME, REPORT_NAME
from artifacts.publishing.store import Store
from tests.support.gunicorn_service import refusal, running, wait_for
from tests.support.paths import ROOT
from tests.support.postgres import Server, running_server
from tests.support.shop import write_tiny_shop

SECRETS = ("geheim", "versteckt", "verborgen")
OPTIONS = "password=geheim&sslpassword=versteckt&options=-c%20my.secret%3Dverborgen"


@pytest.fixture(scope="module")
def purchases(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    root = tmp_path_factory.mktemp("shop")
    write_tiny_shop(root)
    return pl.read_parquet(root / "purchases.parquet")


def shop_in(server: Server, purchases: pl.DataFrame) -> str:
    """A configuration that reads the purchases from the server, by a URL with secrets."""
    with psycopg.connect(server.url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE orders (user_id text, item_id text, time bigint, basket_id text, price double precision)"
        )
        with cursor.copy("COPY orders FROM STDIN") as copy:
            for row in purchases.iter_rows():
                copy.write_row(row)
    data = ("[data]", f'source = "{server.url}?{OPTIONS}"', 'query = "SELECT * FROM orders"')
    return "\n".join((*data, "[model]", "factors = 8"))


def train(store: Path, config: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", "train", "--config", str(config), "--force", "a test"],
        cwd=ROOT,
        env={**os.environ, "ARTIFACTS_DIR": str(store), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_password_in_an_address_is_nowhere(purchases: pl.DataFrame, tmp_path: Path) -> None:
    with running_server() as server:
        config = tmp_path / "shop.toml"
        config.write_text(shop_in(server, purchases))
        live_url = server.create_database("live") + f"?{OPTIONS}"
        ended = train(tmp_path / "store", config, LIVE_URL=live_url)
        assert ended.returncode == 0, ended.stderr
        version = Store(tmp_path / "store").current_path()
        with running(tmp_path / "store", tmp_path, LIVE_URL=live_url) as service:
            model = service.get("/v1/model").body.decode()
            with server.away():
                wait_for(lambda: "live_unavailable" in service.out.read_text())
                logged = service.out.read_text() + service.err.read_text()
                failed = train(tmp_path / "store", config)
        assert failed.returncode == 2
        shown = {
            "standard output": ended.stdout,
            "standard error": ended.stderr,
            "manifest": (version / MANIFEST_NAME).read_text(),
            "report": (version / REPORT_NAME).read_text(),
            "model": model,
            "log": logged,
            "error": failed.stderr,
        }
    assert [(where, one) for where, text in shown.items() for one in SECRETS if one in text] == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:geheim@127.0.0.1:1/shop?sslmode=geheim",
        "postgresql://127.0.0.1:1/shop?frage=versteckt",
        "postgresql://me:x@geheim@127.0.0.1:1/shop",
        "postgresql://me:geheim@127.0.0.1:1/shop#password=versteckt",
    ],
)
def test_no_error_of_a_driver_shows_one(tiny_store: Store, tmp_path: Path, url: str) -> None:
    config = tmp_path / "shop.toml"
    config.write_text(f'[data]\nsource = "{url}"\nquery = "SELECT 1"\n')
    failed = train(tmp_path / "store", config)
    assert failed.returncode == 2
    with running(tiny_store.root, tmp_path, LIVE_URL=url) as service:
        wait_for(lambda: "live_unavailable" in service.out.read_text())
        logged = service.out.read_text() + service.err.read_text()
    assert [one for one in SECRETS if one in failed.stderr + logged] == []


def test_options_that_no_driver_takes_are_refused_without_their_values(tmp_path: Path) -> None:
    code, said = refusal(tmp_path, LIVE_URL="postgresql://127.0.0.1:1/shop?port=geheim&password=geheim")
    assert code == 1
    assert said == "the service cannot start:\n  LIVE_URL: its options after '?' cannot be used: port, password\n"

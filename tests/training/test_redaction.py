"""What is shown and written down of an address: no password, no signature."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from artifacts.redaction import scrubbed
from training.config import load_config
from training.errors import ConfigError
from training.redaction import public_name, public_text, public_value


def test_public_names_keep_secrets() -> None:
    assert public_name("orders/*.csv") == "orders/*.csv"
    assert public_name("https://me:pw@host/a.csv?signature=x") == "https://host/a.csv"
    assert public_name("postgresql://me:pw@host/shop") == "postgresql://me:***@host/shop"
    assert public_name("sqlite:////srv/shop.db") == "sqlite:////srv/shop.db"


def test_a_password_among_a_databases_options_is_kept_too() -> None:
    assert public_name("postgresql://host/shop?user=me&password=pw") == "postgresql://host/shop"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:geheim@host/shop",
        "postgresql://me:x@geheim@host/shop",
        "postgresql://me:a/geheim@host/shop",
        "postgresql://me%3Ageheim@host/shop",
        "postgresql://host/shop?password=geheim",
        "postgresql://host/shop?sslpassword=geheim&sslmode=require",
        "postgresql://host/shop?options=-c%20my.token%3Dgeheim",
        "postgresql://host/shop?passfile=/geheim",
        "postgresql://host/shop#password=geheim",
        "postgresql://host/shop;pwd=geheim",
        "postgresql://host/host=x%20password=geheim",
        "mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BPWD%3Dgeheim",
        "https://me:geheim@host/a.csv",
        "https://host/a.csv?X-Amz-Signature=geheim",
        "https://host/a.csv#geheim",
        "s3://AKIA:ab/geheim@bucket/a.csv",
        "https://me:a?geheim@host/a.csv",
        "https://me:geheim#x@host/a.csv",
        "az://container/a.csv?sv=1&sig=geheim",
    ],
)
def test_no_secret_is_shown_wherever_it_stands(url: str) -> None:
    shown = public_value({"source": url, "query": f"COPY x FROM '{url}'"})
    assert "geheim" not in str(shown)
    assert "geheim" not in public_text(f"error sending request for url ({url}): 403 Forbidden")
    if not url.startswith("mssql"):
        assert "host" in public_name(url) or "bucket" in public_name(url) or "container" in public_name(url)


def test_addresses_without_secrets_are_shown_as_they_are() -> None:
    for address in (
        "s3://bucket/a@b:c.csv",
        "http://localhost:9000/bucket/a@b.csv",
        "http://[::1]:9000/a@b.csv",
        "sqlite:////srv/shop.db",
        "postgresql://me@host:5433/shop",
    ):
        assert public_name(address) == address


def test_a_query_is_shown_without_what_is_called_a_password() -> None:
    query = "SELECT * FROM dblink('host=x password=geheim dbname=y', 'SELECT 1') WHERE token = 'geheim'"
    shown = public_value(query)
    assert "geheim" not in shown
    assert shown.startswith("SELECT * FROM dblink('host=x password=*** dbname=y'")
    assert public_value("SELECT user_id, item_id FROM orders") == "SELECT user_id, item_id FROM orders"


def test_what_a_driver_says_is_shown_without_the_secrets_of_its_address() -> None:
    url = sa.make_url("postgresql://me:geheim@host/shop?options=-c%20a%3Dversteckt&connect_timeout=10&key=q")
    assert scrubbed("no: geheim and versteckt and 10 s", url) == "no: *** and *** and 10 s"
    assert "q" not in scrubbed("a q among others", url).replace("message", "")


def test_a_value_of_any_type_is_shown_without_secrets() -> None:
    assert public_value({"source": ["s3://me:pw@bucket/a.csv", 7]}) == {"source": ["s3://bucket/a.csv", 7]}
    assert public_value("postgresql://me:pw@host:port/shop") == "postgresql://…"
    assert public_value("orders.csv") == "orders.csv"


@pytest.mark.parametrize("line", ['source = ["{url}"]', 'soruce = "{url}"'])
def test_a_bad_key_is_reported_without_its_password(tmp_path: Path, line: str) -> None:
    (tmp_path / "shop.toml").write_text("[data]\n" + line.format(url="postgresql://me:hunter2@db/shop"))
    with pytest.raises(ConfigError, match=r"postgresql://me:\*\*\*@db/shop") as caught:
        load_config(tmp_path / "shop.toml", None)
    assert "hunter2" not in str(caught.value)

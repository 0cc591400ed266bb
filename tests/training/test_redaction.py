"""What is shown and written down of an address: no password, no signature."""

from pathlib import Path

import pytest

from training.config import load_config
from training.errors import ConfigError
from training.redaction import public_name, public_value


def test_public_names_keep_secrets() -> None:
    assert public_name("orders/*.csv") == "orders/*.csv"
    assert public_name("https://me:pw@host/a.csv?signature=x") == "https://host/a.csv"
    assert public_name("postgresql://me:pw@host/shop") == "postgresql://me:***@host/shop"
    assert public_name("sqlite:////srv/shop.db") == "sqlite:////srv/shop.db"


def test_a_password_among_a_databases_options_is_kept_too() -> None:
    assert public_name("postgresql://host/shop?user=me&password=pw") == "postgresql://host/shop"


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

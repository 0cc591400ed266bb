from pathlib import Path

import pytest

from artifacts.cpus import available_cpus
from service.settings import (
    ADDRESS_CHECKED,
    Settings,
    SettingsError,
    check_address,
    is_loopback,
    read_settings,
)


def test_defaults(tmp_path: Path) -> None:
    assert read_settings({"ARTIFACTS_DIR": str(tmp_path)}) == Settings(
        host="127.0.0.1",
        port=8000,
        workers=available_cpus(),
        threads=8,
        artifacts_dir=tmp_path,
        api_keys_file=None,
        serve_without_keys=False,
        live_url=None,
        explore=0.0,
        cors_origins=(),
    )


def test_empty_counts_as_unset() -> None:
    assert read_settings({"PORT": "", "HOST": "", "API_KEYS_FILE": ""}) == read_settings({})


def test_every_bad_value_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(
            {
                "HOST": "0.0.0.0",
                "PORT": "70000",
                "WORKERS": "many",
                "THREADS": "0",
                "API_KEYS_FILE": "/no/such/file",
                "SERVE_WITHOUT_KEYS": "true",
                "LIVE_URL": "mysql://shop:secret@db/shop",
                "EXPLORE": "10%",
            }
        )
    assert str(caught.value).splitlines() == [
        "the service cannot start:",
        "  API_KEYS_FILE='/no/such/file' is not a file",
        "  PORT='70000' is not a whole number from 0 to 65535",
        "  WORKERS='many' is not a whole number from 1 to 512",
        "  THREADS='0' is not a whole number from 1 to 256",
        "  SERVE_WITHOUT_KEYS='true' is neither yes nor no",
        "  LIVE_URL: mysql:// is neither sqlite:// nor postgresql://",
        "  EXPLORE='10%' is not a number from 0 to 1",
    ]


@pytest.mark.parametrize("text", ["0", "0.05", "1", "1e-2"])
def test_shares(text: str) -> None:
    assert read_settings({"EXPLORE": text}).explore == float(text)


@pytest.mark.parametrize("text", ["-0.1", "1.1", "nan", "inf", "half"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(SettingsError, match=f"EXPLORE='{text}' is not a number from 0 to 1"):
        read_settings({"EXPLORE": text})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "shop.example", "localhost.example", ""])
def test_other_addresses_can_be_reached(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"])
def test_loopback_addresses_cannot(host: str) -> None:
    assert is_loopback(host)


def test_an_address_that_can_be_reached_needs_keys_or_a_word(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"HOST='0.0.0.0' can be reached from other machines"):
        read_settings({"HOST": "0.0.0.0"})
    keys = tmp_path / "keys.json"
    keys.write_text("{}")
    assert read_settings({"HOST": "0.0.0.0", "API_KEYS_FILE": str(keys)}).host == "0.0.0.0"
    assert read_settings({"HOST": "0.0.0.0", "SERVE_WITHOUT_KEYS": "yes"}).host == "0.0.0.0"


@pytest.mark.integration
def test_under_another_server_the_address_is_not_known_to_be_local() -> None:
    with pytest.raises(SettingsError, match="the address must be known to be local"):
        check_address(read_settings({}), {})
    check_address(read_settings({}), {ADDRESS_CHECKED: "yes"})
    check_address(read_settings({"SERVE_WITHOUT_KEYS": "yes"}), {})

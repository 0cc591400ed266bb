"""What the service refuses to start with, and that it says why."""

import re
import sys
from pathlib import Path

import pytest
from gunicorn_service import refusal, running

from artifacts.store import Store

BARE = (sys.executable, "-m", "gunicorn", "service.wsgi:app")


@pytest.mark.parametrize(
    ("arguments", "settings"), [((), {"HOST": "0.0.0.0"}), (("-b", "0.0.0.0:0"), {}), (("-b", "[::]:0"), {})]
)
def test_not_for_everybody_without_keys(tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str]) -> None:
    code, said = refusal(tmp_path, *arguments, **settings)
    assert code == 1
    assert said.splitlines()[-2] == "the service cannot start:"
    assert "can be reached from other machines and there are no API keys" in said.splitlines()[-1]
    assert "SERVE_WITHOUT_KEYS=yes" in said
    assert "Listening" not in said
    assert "Traceback" not in said


def test_not_where_nobody_knows_the_address(tmp_path: Path) -> None:
    code, said = refusal(tmp_path, "-b", "0.0.0.0:0", command=BARE)
    assert code != 0
    assert "without API keys the address must be known to be local" in said


def test_not_with_a_preloaded_app(tmp_path: Path) -> None:
    code, said = refusal(tmp_path, "--preload", SERVE_WITHOUT_KEYS="yes")
    assert code == 1
    assert "--preload cannot be used: each worker has to open the model itself" in said
    assert "Listening" not in said


def test_not_with_bad_settings(tmp_path: Path) -> None:
    code, said = refusal(tmp_path, WORKERS="0", SERVE_WITHOUT_KEYS="sure")
    assert (code, said) == (
        1,
        "the service cannot start:\n"
        "  WORKERS='0' is not a whole number from 1 to 512\n"
        "  SERVE_WITHOUT_KEYS='sure' is neither yes nor no\n",
    )


def test_not_with_a_broken_keys_file(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"keys": [{"name": "a"}]}')
    code, said = refusal(tmp_path, API_KEYS_FILE=str(keys))
    assert code != 0
    assert f"{keys}: keys.0.scopes: Field required; keys.0.sha256" in said
    assert "Listening" not in said


def test_for_everybody_when_told_to(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path, HOST="0.0.0.0", SERVE_WITHOUT_KEYS="yes") as service:
        assert service.get("/v1/popular").status == 200


def test_it_cleans_up_behind_itself(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path) as service:
        (worker,) = service.workers()
        maps = Path(f"/proc/{worker}/maps").read_text()
        metrics = Path(re.search(r"(/\S*aisle-metrics-[^/]+)/", maps)[1])
        assert metrics.is_dir()
    assert not metrics.exists()

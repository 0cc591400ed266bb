"""Thousands of generated requests, good and bad, against a real gunicorn: none may contradict the OpenAPI document."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from artifacts.publishing.store import Store
from service.http.keys import Scope, create_key
from tests.support.gunicorn_service import running
from tests.support.paths import ROOT
from tests.support.versions import copy_of, publish_again

CASES = 2000
EXAMPLES_AN_OPERATION = 130

# A URL or a body beyond the limits is refused by what it is, not by what is in it.
CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "413", "414", "415", "429"]

# Bad events beside good ones are refused within a 202; and no schema says that a user's events must be of after their
# erasure.
[[operations]]
include-name = "POST /v1/events"
checks.negative_data_rejection.expected-statuses = ["202", "400", "401", "403", "413", "415", "429"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403"]
"""


@pytest.mark.slow
@pytest.mark.parametrize("with_keys", [False, True])
def test_nothing_contradicts_the_document(tiny_store: Store, tmp_path: Path, with_keys: bool) -> None:
    store = copy_of(tiny_store, tmp_path / "store")
    publish_again(store, 1, {"report.html": b"<!doctype html><title>Report</title>"})
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    keys, token = tmp_path / "keys.json", None
    if with_keys:
        token = create_key(keys, "all", frozenset(Scope))
    settings: dict[str, Any] = {
        "LIVE_URL": f"sqlite:///{tmp_path}/live.db",
        **({"API_KEYS_FILE": str(keys)} if with_keys else {}),
    }
    with running(store.root, tmp_path, WORKERS="2", **settings) as service:
        said = schemathesis(tmp_path, f"{service.url}/openapi.json", token)
    assert "Traceback" not in service.err.read_text()
    assert not [line for line in service.lines() if line.get("event") == "error"]
    ((generated, passed),) = re.findall(r"(\d+) generated, (\d+) passed", said)
    assert int(passed) == int(generated) >= CASES
    assert "WARNINGS" not in said


def schemathesis(directory: Path, address: str, token: str | None) -> str:
    """What it says, all its checks on; fails the test when it finds something."""
    header = ["--header", f"Authorization: Bearer {token}"] if token else []
    command = [sys.executable, "-m", "schemathesis.cli", "run", address, "--checks", "all", "--no-color", *header]
    ended = subprocess.run(
        [*command, "--max-examples", str(EXAMPLES_AN_OPERATION), "--seed", "1"],
        cwd=directory,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout

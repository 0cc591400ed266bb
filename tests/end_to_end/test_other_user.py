"""A service that runs as a user of its own, and root, who looks after its keys."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from service.http.keys import Scope, create_key
from tests.support.gunicorn_service import COMMAND, running, wait_for
from tests.support.paths import ROOT

USER = 10_001
AS_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")


@pytest.fixture
def place(tiny_store: Store) -> Iterator[Path]:
    """A directory of the other user's, with a store of versions; skips the test where there can be none."""
    run = [*AS_USER, sys.executable, "-c", "import gunicorn"]
    try:
        able = os.geteuid() == 0 and subprocess.run(run, cwd=ROOT, capture_output=True, check=False).returncode == 0
    except OSError:
        able = False
    if not able:
        pytest.skip("needs root, setpriv, and a Python and a checkout that other users may read")
    with tempfile.TemporaryDirectory(prefix="aisle-user-") as directory:  # pytest's own is for one user alone
        path = Path(directory)
        shutil.copytree(tiny_store.root, path / "store")
        for found in (path, *path.rglob("*")):
            os.chown(found, USER, USER)
        yield path


def test_root_revokes_a_key_of_a_service_of_another_user(place: Path) -> None:
    path = place / "keys.json"
    leaked, kept = (create_key(path, name, frozenset({Scope.READ})) for name in ("leaked", "kept"))
    os.chown(path, USER, USER)
    with running(place / "store", place, command=(*AS_USER, *COMMAND), API_KEYS_FILE=str(path)) as service:

        def status(token: str) -> int:
            return service.get("/v1/popular", {"Authorization": f"Bearer {token}"}).status

        assert (status(leaked), status(kept)) == (200, 200)
        revoke = [sys.executable, "-m", "service", "keys", "revoke", "--name", "leaked", "--file", str(path)]
        subprocess.run(revoke, cwd=ROOT, check=True)
        assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (USER, 0o600)
        wait_for(lambda: status(leaked) == 401)
        assert status(kept) == 200
        assert "degraded" not in service.get("/health/ready").json
        os.chown(path, 0, 0)
        wait_for(lambda: service.get("/health/ready").json.get("degraded") == ["keys"])
        assert status(kept) == 200
        os.chown(path, USER, USER)
        wait_for(lambda: "degraded" not in service.get("/health/ready").json)

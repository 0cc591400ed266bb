"""The command line, as a terminal sees it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

ORDERS = "user_id,item_id,time\nu1,a,20260601\nu2,a,20260602\nu2,b,20260602\n"


@pytest.mark.integration
def test_a_terminal_that_knows_ascii_only_gets_escapes(tmp_path: Path) -> None:
    folder = tmp_path / "läden"
    folder.mkdir()
    (folder / "bestellungen ü.csv").write_text(ORDERS)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "ARTIFACTS_DIR": str(folder / "store")}
    command = [sys.executable, "-m", "training", "train", "--quiet", "--data"]
    done = subprocess.run(
        [*command, str(folder / "bestellungen ü.csv")], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert b"l\\xe4den/bestellungen \\xfc.csv: CSV, separated by ',', utf-8" in done.stdout
    missing = subprocess.run([*command, "nö.csv"], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (missing.returncode, missing.stderr) == (2, b"train: n\\xf6.csv: no such file\n")

"""Make variables reach the commands as they were given."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The Makefile beside a set-up environment whose Python writes down what it is called with."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "requirements.lock").touch()
    (tmp_path / ".venv" / ".ready").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("command", "called"),
    [
        ("picks", "picks --out picks.ndjson --limit 10"),
        ("picks OUT='my picks.csv' LIMIT=3", "picks --out 'my picks.csv' --limit 3"),
        ("picks USERS='a b.txt'", "picks --out picks.ndjson --limit 10 --users 'a b.txt'"),
        ("picks REPEAT=only", "picks --out picks.ndjson --limit 10 --repeat only"),
        ("picks REASON=1", "picks --out picks.ndjson --limit 10 --reason"),
        ("picks OUT=p.csv EXCEL=1", "picks --out p.csv --limit 10 --excel semicolon"),
        ("picks OUT=p.csv EXCEL=comma", "picks --out p.csv --limit 10 --excel comma"),
        ("train", "train"),
        ("train DATA='my orders.csv' CONFIG=a.toml", "train --data 'my orders.csv' --config a.toml"),
        ("train FORCE='because I say so'", "train --force 'because I say so'"),
        ("evaluate DATA=a.csv", "evaluate --data a.csv"),
        ("tune", "tune --out tuned.toml --minutes 30"),
        ("tune CONFIG=a.toml OUT='my shop.toml' MINUTES=5", "tune --config a.toml --out 'my shop.toml' --minutes 5"),
    ],
)
def test_variables_are_passed_on(directory: Path, command: str, called: str) -> None:
    variables = {"DATA", "CONFIG", "FORCE", "OUT", "LIMIT", "MINUTES", "USERS", "REPEAT", "REASON", "EXCEL"}
    unset = variables | {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    done = subprocess.run(
        ["make", *shlex.split(command)],
        cwd=directory,
        env={name: value for name, value in os.environ.items() if name not in unset},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["-m", "training", *shlex.split(called)]

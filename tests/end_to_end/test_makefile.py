"""What make does: the set-up in steps, a free port before all else, variables passed on as they were given."""

import base64
import hashlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import zipfile
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
    compiled_in(tmp_path)
    return tmp_path


def compiled_in(directory: Path) -> None:
    """As if what answers were compiled in a checkout, from now on for good."""
    mark = directory / "artifacts" / "core" / "__pycache__" / ".compiled"
    mark.parent.mkdir(parents=True)
    mark.touch()
    os.utime(mark, (2**32, 2**32))


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
    done = make(directory, *shlex.split(command))
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["-m", "training", *shlex.split(called)]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing set up, of two packages, which pip finds in a folder."""
    directory = tmp_path / "checkout"
    directory.mkdir()
    shutil.copy(ROOT / "Makefile", directory)
    for package in ("service", "tools"):
        shutil.copytree(ROOT / package, directory / package, ignore=shutil.ignore_patterns("__pycache__"))
    wheels = directory / "wheels"
    wheels.mkdir()
    served = "import os, sys; print('serves with', sys.argv[1:], 'on', os.environ.get('PORT'))"
    hashes = {name: write_wheel(wheels, name, served) for name in ("gunicorn", "numpy")}
    lock = [f"{name}==1.0 \\\n    --hash=sha256:{digest}" for name, digest in hashes.items()]
    lock.append(f"colorama==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:{'0' * 64}")
    (directory / "requirements.lock").write_text("\n".join(lock) + "\n")
    compiled_in(directory)
    return directory


def write_wheel(directory: Path, name: str, program: str) -> str:
    """A wheel of a package that is run as a program; its sha256."""
    files = {
        f"{name}/__init__.py": "",
        f"{name}/__main__.py": program,
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{path},sha256={urlsafe_sha256(text)},{len(text)}" for path, text in files.items()]
    files[f"{name}-1.0.dist-info/RECORD"] = "\n".join([*record, f"{name}-1.0.dist-info/RECORD,,"])
    path = directory / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inner, text in files.items():
            wheel.writestr(inner, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def urlsafe_sha256(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def make(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Make, with none of its variables set but by the arguments, and no network for pip."""
    unset = {"DATA", "CONFIG", "FORCE", "OUT", "LIMIT", "MINUTES", "USERS", "REPEAT", "HOST", "PORT", "PYTHON"}
    unset |= {"REASON", "EXCEL", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    environ = {name: value for name, value in os.environ.items() if name not in unset}
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "wheels"}
    return subprocess.run(
        ["make", *arguments],
        cwd=directory,
        env={**environ, **offline},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_set_up_says_a_line_a_step_and_outlasts_a_move(checkout: Path) -> None:
    done = make(checkout, "setup", f"PYTHON={sys.executable}")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"setup: checking Python 3\.\d+\.\w+, its venv, and the OpenMP runtime libgomp", lines[0])
    assert lines[1:3] == [
        "setup: creating the environment in .venv",
        "setup: installing 2 packages, about 1 GB: a few minutes, once",
    ]
    assert "setup: downloading 2 of 2" in lines[3:-1]
    assert re.fullmatch(r"setup: done in \d+ seconds", lines[-1])
    moved = checkout.rename(checkout.with_name("moved"))
    served = make(moved, "serve", "PORT=0")
    assert (served.returncode, served.stdout.splitlines()) == (
        0,
        ["serves with ['-c', 'service/gunicorn.conf.py', 'service.wsgi:app'] on 0"],
    )


def test_make_runs_no_script_that_knows_where_it_was_installed(directory: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = make(directory, "-n", *targets).stdout.splitlines()
    assert len(commands) > len(targets)
    assert not [command for command in commands if re.match(r"\s*\.venv/bin/(?!python )", command)]


@pytest.mark.slow
def test_a_set_up_that_fails_says_what_pip_said_and_is_done_again(checkout: Path) -> None:
    shutil.rmtree(checkout / "wheels")
    (checkout / "wheels").mkdir()
    done = make(checkout, "setup", f"PYTHON={sys.executable}")
    assert done.returncode == 2
    assert "No matching distribution found for gunicorn==1.0" in done.stderr
    assert not (checkout / ".venv" / ".ready").exists()


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("ensurepip", "this Python cannot make virtual environments: install python3-venv"),
        ("libgomp.so.1", "training needs the OpenMP runtime libgomp.so.1"),
    ],
)
def test_a_machine_that_lacks_something_is_told_in_one_line(checkout: Path, missing: str, said: str) -> None:
    (checkout / "without.py").write_text(
        "import ctypes, runpy, sys\n"
        "missing = sys.argv[1]\n"
        "sys.modules['ensurepip'] = None if missing == 'ensurepip' else sys\n"
        "def load(name): raise OSError(name)\n"
        "if missing != 'ensurepip': ctypes.CDLL = load\n"
        "sys.argv[1:] = ['.venv']\n"
        "runpy.run_path('tools/set_up.py', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "without.py", missing], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(said)
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("target", ["run", "serve"])
def test_a_taken_port_is_said_before_anything_else_is_done(checkout: Path, target: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = make(checkout, target, f"PORT={port}", f"PYTHON={sys.executable}")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(
        f"port {port} of 127.0.0.1 is taken by another program; choose another: make {target} PORT="
    )
    assert not (checkout / ".venv").exists()


def test_the_address_that_counts_is_the_one_that_is_named(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert make(checkout, "port", f"PORT={port}", f"PYTHON={sys.executable}").returncode == 2
        assert make(checkout, "port", f"PORT={port}", "HOST=127.0.0.2", f"PYTHON={sys.executable}").returncode == 0

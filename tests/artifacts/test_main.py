"""`python -m artifacts`, on a real store."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from artifacts.__main__ import main
from artifacts.publishing.manifest import MANIFEST_NAME, Provenance
from artifacts.publishing.store import Store
from tests.support.paths import ROOT


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "store"))
    return Store(tmp_path / "store")


@pytest.fixture
def versions(store: Store) -> list[str]:
    return [publish(store, minute) for minute in (1, 2, 3)]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        return code, *capsys.readouterr()

    return run


Run = Callable[..., tuple[int, str, str]]


def publish(store: Store, minute: int) -> str:
    with store.draft() as draft:
        np.save(draft / "items.npy", np.zeros((50_000, minute), np.float32))
        (draft / "recipe.json").write_text("{}")
        provenance = Provenance(
            created=f"2026-01-01T00:{minute:02}:00Z",
            data={"n_users": 4338, "n_items": 3665},
            metrics={"ndcg@10": minute / 7, "by user": {"n": 1}, "recall@10": 0.5},
        )
        return store.publish(draft, provenance)


def test_list_shows_each_version_and_which_is_current(store: Store, versions: list[str], run: Run) -> None:
    store.rollback()
    code, out, err = run("list")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["version", "created", "users", "items", "size", "metrics"]
    assert [row[0] for row in rows[1:]] == versions
    assert ["current" in row for row in rows[1:]] == [False, True, False]
    assert " ".join(rows[1][1:]) == "2026-01-01 00:01 UTC 4338 3665 0.2 MB ndcg@10 0.1429, recall@10 0.5"


def test_list_shows_a_broken_version_too(store: Store, versions: list[str], run: Run) -> None:
    (store.path(versions[0]) / MANIFEST_NAME).write_text("{")
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert out.splitlines()[1].split() == [versions[0], "unreadable", "see", "verify"]


def test_list_says_when_none_of_the_versions_is_current(store: Store, versions: list[str], run: Run) -> None:
    (store.root / "current").write_text("20200101T000000Z-00000000\n")
    code, out, err = run("list")
    assert code == 2
    assert [line.split()[0] for line in out.splitlines()[1:]] == versions
    assert "points at 20200101T000000Z-00000000" in err


def test_verify_says_what_it_checked(versions: list[str], run: Run) -> None:
    code, out, err = run("verify")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        [f"{versions[2]}:", "good"],
        ["items.npy", "0.6", "MB", "50000", "x", "3", "<f4"],
        ["recipe.json", "0.0", "kB"],
        ["2", "files,", "0.6", "MB:", "sizes,", "sha256,", "shapes", "and", "dtypes", "agree"],
    ]


def test_verify_takes_one_version_or_all(versions: list[str], run: Run) -> None:
    assert run("verify", versions[0])[1].startswith(f"{versions[0]}: good\n")
    code, out, _ = run("verify", "--all")
    assert code == 0
    assert [line for line in out.splitlines() if line.endswith("good")] == [f"{name}: good" for name in versions]


def test_verify_names_the_file_and_what_is_wrong(store: Store, versions: list[str], run: Run) -> None:
    directory = store.path(versions[1])
    os.truncate(directory / "items.npy", 1000)
    (directory / "recipe.json").unlink()
    code, out, err = run("verify", versions[1])
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        f"error: {directory}: items.npy: has 1000 bytes, not 400128",
        f"error: {directory}: recipe.json: is missing",
    ]
    code, out, err = run("verify", "--all")
    assert code == 2
    assert out.count("good") == 2
    assert len(err.splitlines()) == 2


def test_rollback_says_from_what_to_what(store: Store, versions: list[str], run: Run) -> None:
    assert run("rollback") == (0, f"current: {versions[1]} (was {versions[2]})\n", "")
    assert run("rollback", "--to", versions[2]) == (0, f"current: {versions[2]} (was {versions[1]})\n", "")
    assert store.current() == versions[2]


def test_prune_says_what_it_removed(store: Store, versions: list[str], run: Run) -> None:
    assert run("prune") == (0, "removed 0, kept 3\n", "")
    assert run("prune", "--keep", "1") == (0, f"removed {versions[0]}\nremoved 1, kept 2\n", "")
    assert store.versions() == versions[1:]


@pytest.mark.parametrize("command", [["list"], ["verify"], ["verify", "--all"], ["rollback"], ["prune"]])
def test_nothing_published_is_one_clear_line(store: Store, run: Run, command: list[str]) -> None:
    assert run(*command) == (2, "", f"error: {store.root}: no version is published\n")
    assert not store.root.exists()


@pytest.mark.parametrize("command", [["verify", "nightly"], ["rollback", "--to", "nightly"], ["verify", ""]])
@pytest.mark.usefixtures("versions")
def test_an_unknown_version_is_one_clear_line(store: Store, run: Run, command: list[str]) -> None:
    code, out, err = run(*command)
    assert (code, out) == (2, "")
    assert err == f"error: {store.root}: there is no version {command[-1]!r}\n"


def test_a_version_of_another_format_is_one_clear_line(store: Store, versions: list[str], run: Run) -> None:
    directory = store.path(versions[2])
    (directory / MANIFEST_NAME).write_text('{"format": 9}')
    expected = f"error: {directory}: the version has format 9, this program reads format 1\n"
    assert run("verify") == (2, "", expected)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["publish"],
        ["list", "all"],
        ["verify", "a", "--all"],
        ["prune", "--keep", "0"],
        ["prune", "--keep", "-1"],
        ["prune", "--keep", "few"],
    ],
)
def test_bad_usage_exits_with_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in ("list", "verify"))])
def test_help_is_there(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("usage: python -m artifacts")


@pytest.mark.parametrize(("command", "option"), [("verify", "--all"), ("rollback", "--to"), ("prune", "--keep")])
def test_help_names_the_options(capsys: pytest.CaptureFixture[str], command: str, option: str) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert option in capsys.readouterr().out


@pytest.mark.integration
def test_it_runs_as_a_module(store: Store, versions: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "artifacts", "rollback", "--to", "nightly"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == f"error: {store.root}: there is no version 'nightly'\n"
    assert store.current() == versions[2]

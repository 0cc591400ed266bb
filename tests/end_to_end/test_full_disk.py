"""A disk without room, a store that cannot be written to, a terminal that cannot show a path: said in one line."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from tests.support.paths import ROOT
from tests.support.shop import write_tiny_shop
from tests.support.small_disk import fill, small_disk
from training.__main__ import main

ROOM = 400 * 1024  # bytes: enough for a few files of a version


@pytest.fixture(scope="module")
def purchases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    write_tiny_shop(root, n_users=300)
    return root / "purchases.parquet"


def run(store: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", *arguments],
        cwd=ROOT,
        env={**os.environ, "ARTIFACTS_DIR": str(store), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def full(disk: Path, file: str) -> str:
    free = rf"[\d,]+ of 409,600 bytes are free on {disk}"
    return rf"{file}: cannot be written: the disk is full: {free}(: run again to go on)?\n"


def test_a_store_on_a_full_disk(purchases: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", ROOM) as disk:
        ended = run(disk / "store", "train", "--quiet", "--data", str(purchases), "--force", "no matter")
        assert ended.returncode == 2
        assert re.fullmatch("train: " + full(disk, rf"{disk}/store/\S*"), ended.stderr), ended.stderr
        assert Store(disk / "store").versions() == []
        assert list(disk.glob("store/drafts/*")) == []


def test_a_full_disk_for_what_is_temporary(purchases: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", ROOM) as disk:
        ended = run(tmp_path / "store", "train", "--quiet", "--data", str(purchases), TMPDIR=str(disk))
        assert ended.returncode == 2
        assert re.fullmatch("train: " + full(disk, rf"{disk}/aisle-\S*"), ended.stderr), ended.stderr
        assert list(disk.iterdir()) == []


@pytest.mark.parametrize("form", ["utf-16", "json array"])
def test_a_full_disk_for_the_copy_of_what_is_read(tmp_path: Path, form: str) -> None:
    row = '{"user_id": "a-user", "item_id": "an-item", "time": "2026-01-01T00:00:00Z"}'
    if form == "utf-16":
        data = tmp_path / "orders.csv"
        data.write_text("user_id,item_id,time\n" + "a-user,an-item,2026-01-01T00:00:00Z\n" * 20_000, encoding="utf-16")
    else:
        data = tmp_path / "orders.json"
        data.write_text("[" + ",".join([row] * 20_000) + "]")
    with small_disk(tmp_path / "disk", ROOM) as disk:
        ended = run(tmp_path / "store", "train", "--quiet", "--data", str(data), TMPDIR=str(disk))
        assert ended.returncode == 2
        assert re.fullmatch("train: " + full(disk, rf"{disk}/aisle-\S*"), ended.stderr), ended.stderr
        assert list(disk.iterdir()) == []


def test_a_report_on_a_full_disk(purchases: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", ROOM) as disk:
        fill(disk / "filler")
        (disk / "out").mkdir()
        command = ("evaluate", "--quiet", "--data", str(purchases), "--out", str(disk / "out"))
        ended = run(tmp_path / "store", *command)
        assert ended.returncode == 2
        assert re.fullmatch("evaluate: " + full(disk, rf"{disk}/out/report.html"), ended.stderr), ended.stderr


@pytest.mark.parametrize("left", [0, 100_000])
def test_trials_and_what_was_tuned_on_a_full_disk(purchases: Path, tmp_path: Path, left: int) -> None:
    with small_disk(tmp_path / "disk", ROOM) as disk:
        (disk / "kept").write_bytes(bytes(left))
        fill(disk / "filler")
        (disk / "kept").unlink()
        command = ("tune", "--quiet", "--data", str(purchases), "--minutes", "0.05", "--out", str(disk / "tuned.toml"))
        ended = run(tmp_path / "store", *command)
        assert ended.returncode == 2, ended.stdout
        assert re.fullmatch("tune: " + full(disk, rf"{disk}/tuned\.toml\S*"), ended.stderr), ended.stderr


@pytest.mark.parametrize("ending", ["ndjson", "csv", "parquet"])
def test_picks_on_a_full_disk(tiny_store: Store, tmp_path: Path, ending: str) -> None:
    with small_disk(tmp_path / "disk", 4096 * 5) as disk:
        ended = run(tiny_store.root, "picks", "--quiet", "--limit", "20", "--out", str(disk / f"p.{ending}"))
        assert ended.returncode == 2
        message = full(disk, rf"{disk}/\.p\.{ending}\.parts/\S*").replace("409,600", "20,480")
        assert re.fullmatch("picks: " + message, ended.stderr), ended.stderr


def test_picks_on_a_disk_that_is_full_before_they_begin(tiny_store: Store, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", ROOM) as disk:
        fill(disk / "filler")
        ended = run(tiny_store.root, "picks", "--quiet", "--out", str(disk / "p.csv"))
        assert ended.returncode == 2
        assert re.fullmatch("picks: " + full(disk, rf"{disk}/\.p\.csv\.parts"), ended.stderr), ended.stderr


def test_a_limit_on_the_size_of_files_is_not_taken_for_a_full_disk(purchases: Path, tmp_path: Path) -> None:
    limited = f"ulimit -f 20; exec '{sys.executable}' -m training train --quiet --data '{purchases}' --force x"
    measured = "COVERAGE_PROCESS_CONFIG"  # its file would be too large as well
    ended = subprocess.run(
        ["bash", "-c", limited],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != measured}
        | {"ARTIFACTS_DIR": str(tmp_path / "store")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert "the disk is full" not in ended.stderr
    assert re.search(r"is there a quota, or a limit on the size of files\?|File too large", ended.stderr), ended.stderr


def a_file_in_its_place(root: Path) -> Path:
    (root / "store").write_text("no directory")
    return root / "store"


def a_file_for_its_parent(root: Path) -> Path:
    (root / "parent").write_text("no directory")
    return root / "parent" / "store"


def a_file_for_what_it_holds(root: Path) -> Path:
    (root / "store").mkdir()
    (root / "store" / "drafts").write_text("no directory")
    return root / "store"


def where_nothing_can_be_made(_root: Path) -> Path:
    return Path("/proc/store")


@pytest.mark.parametrize(
    "make", [a_file_in_its_place, a_file_for_its_parent, a_file_for_what_it_holds, where_nothing_can_be_made]
)
@pytest.mark.parametrize("data", ["given", "the sample shop"])
def test_an_unwritable_store_is_found_before_anything_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    data: str,
    make: Callable[[Path], Path],
) -> None:
    store = make(tmp_path)
    monkeypatch.setenv("ARTIFACTS_DIR", str(store))
    assert main(["train", "--quiet", *(["--data", str(tmp_path / "nowhere.csv")] if data == "given" else [])]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"train: {store}: the store cannot be written to: "), complaint
    assert complaint.count("\n") == 1


def test_a_read_only_store_is_found_before_anything_is_read(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", ROOM, "ro") as disk:
        ended = run(disk, "train", "--quiet", "--data", str(tmp_path / "nowhere.csv"))
        assert ended.returncode == 2
        assert ended.stderr.startswith(f"train: {disk}: the store cannot be written to: ")
        assert "Read-only file system" in ended.stderr


def test_a_report_that_cannot_be_written_is_found_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("no directory")
    nowhere = str(tmp_path / "nowhere.csv")
    ended = run(tmp_path / "store", "evaluate", "--quiet", "--data", nowhere, "--out", str(tmp_path / "out"))
    assert ended.returncode == 2
    assert ended.stderr == f"evaluate: [Errno 17] File exists: '{tmp_path / 'out'}'\n"


def test_a_path_that_the_terminal_cannot_show_is_escaped(tmp_path: Path) -> None:
    write_tiny_shop(tmp_path / "Läden")
    data = str(tmp_path / "Läden" / "purchases.parquet")
    store = tmp_path / "Größe"
    ascii_only = {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    ended = run(store, "train", "--quiet", "--data", data, "--force", "é", **ascii_only)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"published {Store(store).current()} in {tmp_path}/Gr\\xf6\\xdfe/versions/" in ended.stdout
    picks = run(store, "picks", "--quiet", "--out", str(tmp_path / "für.csv"), **ascii_only)
    assert (picks.returncode, picks.stderr) == (0, "")
    assert picks.stdout.startswith(f"wrote {tmp_path}/f\\xfcr.csv: ")
    listed = subprocess.run(
        [sys.executable, "-m", "artifacts", "rollback"],
        cwd=ROOT,
        env={**os.environ, **ascii_only, "ARTIFACTS_DIR": str(store)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in listed.stderr

"""A run that is killed leaves the old file, and the next run goes on where it was."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from artifacts.cpus import available_cpus
from artifacts.model.model import open_model
from artifacts.publishing.store import Store
from artifacts.queries.query import Filters, Query
from tests.support.paths import ROOT
from tests.support.shop import write_tiny_shop
from training.errors import PicksError
from training.job import train
from training.picks import write_picks as picks
from training.picks.files import format_of
from training.picks.parts import Tally, open_parts
from training.picks.user_list import read_user_list
from training.picks.write_picks import CHUNKS_WORTH_PROCESSES, write_picks

PATIENCE = 60  # seconds
USERS_PER_CHUNK = 10
N_CHUNKS = CHUNKS_WORTH_PROCESSES + 56  # so many that several processes write them
N_USERS = N_CHUNKS * USERS_PER_CHUNK
N_KNOWN = 400
PARTS = ".picks.csv.parts"
MARK = b'"marked",1,"I000",0.5,"als",,,,,,\n'

IN_SMALL_CHUNKS = f"""
import sys
from training.__main__ import main
from training.picks import write_picks
write_picks.USERS_PER_CHUNK = {USERS_PER_CHUNK}
sys.exit(main(sys.argv[1:]))
"""
KILLED_AT_EVERY_STEP = f"""
import itertools, os, sys
from pathlib import Path
from tests.support.crash import Countdown
from artifacts.queries.query import Query
from artifacts.publishing.store import Store
from training.picks import write_picks as picks
from training.picks.write_picks import write_picks
picks.USERS_PER_CHUNK = {USERS_PER_CHUNK}

store, users, out = map(Path, sys.argv[1:])
for step in itertools.count(1):
    child = os.fork()
    if child == 0:
        countdown = Countdown(step, out.parent)
        sys.addaudithook(countdown.hear)
        write_picks(Store(store), out, Query(limit=2), users, False)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(step, os.waitstatus_to_exitcode(status), out.read_text()[:9], flush=True)
    if status == 0:
        break
"""


def write_users(path: Path, n_users: int) -> Path:
    """The last third of them all is unknown."""
    path.write_text("".join(f"u{number}\n" for number in range(n_users)))
    return path


@pytest.fixture(scope="module", autouse=True)
def in_small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picks, "USERS_PER_CHUNK", USERS_PER_CHUNK)
        yield


@pytest.fixture(scope="module")
def many_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A version of a shop with customers for many chunks; not to be changed."""
    root = tmp_path_factory.mktemp("many")
    store = Store(root / "store")
    train(write_tiny_shop(root / "shop", n_users=N_KNOWN), store, show_progress=False, force="for the tests alone")
    return store


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_users(tmp_path_factory.mktemp("users") / "users.txt", N_USERS)


@pytest.fixture(scope="module")
def uninterrupted(many_store: Store, users: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    whole = fresh(many_store, Query(limit=2), users, tmp_path_factory.mktemp("uninterrupted"))
    assert whole.count(b"\n") == 1 + 2 * N_USERS
    return whole


def start(store: Store, users: Path, out: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-c", IN_SMALL_CHUNKS, "picks", "--out", out, "--users", users, "--limit", "2"],
            cwd=ROOT,
            env={**os.environ, "ARTIFACTS_DIR": str(store.root)},
            stdout=said,
            stderr=said,
        )


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def parts(directory: Path) -> list[Path]:
    return sorted((directory / PARTS).glob("*-*-*-*-*"))


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(scope="module")
def killed(many_store: Store, users: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run leaves that is killed in the middle, where there was a file from the day before."""
    directory = tmp_path_factory.mktemp("killed")
    (directory / "picks.csv").write_text("yesterday's")
    run = start(many_store, users, directory / "picks.csv", tmp_path_factory.mktemp("log") / "log")
    wait_for(lambda: run.poll() is not None or len(parts(directory)) >= 3, "no parts are written")
    workers = children(run.pid)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    wait_for(lambda: not any(map(is_running, workers)), "the killed run's processes go on")
    assert available_cpus() == 1 or len(workers) >= available_cpus()
    assert 3 <= len(parts(directory)) < N_CHUNKS
    return directory


@pytest.fixture
def left_over(killed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(killed, tmp_path / "left-over"))


def test_a_killed_run_leaves_the_old_file(left_over: Path) -> None:
    assert {path.name for path in left_over.iterdir()} == {"picks.csv", PARTS}
    assert (left_over / "picks.csv").read_text() == "yesterday's"


def test_the_next_run_ends_in_the_very_file_of_an_uninterrupted_one(
    left_over: Path, many_store: Store, users: Path, uninterrupted: bytes, tmp_path: Path
) -> None:
    n_done = len(parts(left_over)) * USERS_PER_CHUNK
    log = tmp_path / "log"
    assert start(many_store, users, left_over / "picks.csv", log).wait(timeout=PATIENCE) == 0, log.read_text()
    said = log.read_text()
    assert f"| {n_done}/{N_USERS} " in said, "the bar starts where the killed run was"
    assert (left_over / "picks.csv").read_bytes() == uninterrupted
    assert [path.name for path in left_over.iterdir()] == ["picks.csv"]


@pytest.fixture
def few(tmp_path: Path) -> Path:
    return write_users(tmp_path / "users.txt", 2 * USERS_PER_CHUNK + 5)


@pytest.fixture
def marked(tiny_store: Store, few: Path, tmp_path: Path) -> Path:
    """A file that was cut short after its first part, whose content tells whether it is taken up."""
    model, form = open_model(tiny_store.current_path()), format_of(tmp_path / "picks.csv")
    run = picks._run(model, Query(limit=2), read_user_list(few, model), form)
    with open_parts(tmp_path / "picks.csv", run) as made:
        made.add(0, Tally(users=USERS_PER_CHUNK, picks=1), lambda file: file.write(MARK))
    return tmp_path / "picks.csv"


def fresh(store: Store, query: Query, users: Path | None, directory: Path) -> bytes:
    write_picks(store, directory / "fresh.csv", query, users, show_progress=False)
    return (directory / "fresh.csv").read_bytes()


def test_a_finished_part_is_taken_up_as_it_is(marked: Path, tiny_store: Store, few: Path, tmp_path: Path) -> None:
    tally = write_picks(tiny_store, marked, Query(limit=2), few, show_progress=False)
    header, *rows = fresh(tiny_store, Query(limit=2), few, tmp_path).splitlines(keepends=True)
    assert marked.read_bytes() == header + MARK + b"".join(rows[2 * USERS_PER_CHUNK :])
    assert tally.users == 2 * USERS_PER_CHUNK + 5


@pytest.mark.parametrize("query", [Query(limit=1), Query(limit=2, filters=Filters(max_price=9.0))])
def test_another_query_starts_anew(marked: Path, tiny_store: Store, few: Path, tmp_path: Path, query: Query) -> None:
    write_picks(tiny_store, marked, query, few, show_progress=False)
    assert marked.read_bytes() == fresh(tiny_store, query, few, tmp_path)


def test_other_users_start_anew(marked: Path, tiny_store: Store, few: Path, tmp_path: Path) -> None:
    few.write_text(few.read_text().replace("u1\n", "u41\n", 1))
    write_picks(tiny_store, marked, Query(limit=2), few, show_progress=False)
    assert marked.read_bytes() == fresh(tiny_store, Query(limit=2), few, tmp_path)


def test_all_users_start_anew(marked: Path, tiny_store: Store, tmp_path: Path) -> None:
    write_picks(tiny_store, marked, Query(limit=2), None, show_progress=False)
    assert marked.read_bytes() == fresh(tiny_store, Query(limit=2), None, tmp_path)


def test_another_version_starts_anew(marked: Path, tiny_store: Store, few: Path, tmp_path: Path) -> None:
    newer = Store(shutil.copytree(tiny_store.root, tmp_path / "store"))
    train(write_tiny_shop(tmp_path / "shop", seed=1), newer, show_progress=False)
    assert newer.current() != tiny_store.current()
    write_picks(newer, marked, Query(limit=2), few, show_progress=False)
    assert marked.read_bytes() == fresh(newer, Query(limit=2), few, tmp_path)


def test_a_list_that_changes_while_it_is_read_ends_the_run(tiny_store: Store, few: Path, tmp_path: Path) -> None:
    listed = read_user_list(few, open_model(tiny_store.current_path()))
    few.write_text("u1\n")
    out = tmp_path / "picks.csv"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(PicksError, match=r"users\.txt: was changed"):
        patch.setattr(picks, "read_user_list", lambda *_: listed)
        write_picks(tiny_store, out, Query(limit=2), few, show_progress=False)
    assert not out.exists()


def test_a_run_killed_at_any_change_of_the_disk_leaves_the_old_or_the_new_file(
    tiny_store: Store, few: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "picks.csv"
    out.parent.mkdir()
    out.write_text("yesterday")
    run = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EVERY_STEP, tiny_store.root, few, out],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    steps = [line.split(maxsplit=2) for line in run.stdout.splitlines()]
    codes = [int(code) for _, code, _ in steps]
    assert codes == [-signal.SIGKILL] * (len(steps) - 1) + [0]
    assert len(steps) > 15, "a run makes more changes than were counted"
    seen = [beginning for *_, beginning in steps]
    assert set(seen) == {"yesterday", '"user_id"'}
    assert seen == sorted(seen, reverse=True), "once the new file is there it stays"
    assert seen[-2] == '"user_id"', "no kill came after the file was in its place"
    assert out.read_bytes() == fresh(tiny_store, Query(limit=2), few, tmp_path)
    assert list(out.parent.iterdir()) == [out]

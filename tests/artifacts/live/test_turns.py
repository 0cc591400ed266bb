"""Processes that take turns: whoever waits is next, whatever the other does."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from artifacts.live.errors import LiveTimeoutError
from artifacts.live.turns import SUFFIX, Turns
from tests.support.gunicorn_service import DEADLINE_SECONDS
from tests.support.live_events import opened as opened_store
from tests.support.paths import ROOT

# Writes as fast as it can, and says so of every hundredth time.
GREEDY = f"""
import itertools, sys
from pathlib import Path
from artifacts.live.turns import Turns
turns = Turns("live", Path(sys.argv[1]))
turns.open()
for number in itertools.count():
    with turns.turn({DEADLINE_SECONDS}):
        if number % 100 == 0:
            print(number, flush=True)
"""
HOLDING = GREEDY.replace("print(number, flush=True)", "print(number, flush=True); sys.stdin.read()")


def started(program: str, database: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(database)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def opened(database: Path) -> Turns:
    turns = Turns("live", database)
    turns.open()
    return turns


def test_who_writes_all_the_time_lets_others_in(tmp_path: Path) -> None:
    database = tmp_path / "live.db"
    turns = opened(database)
    with started(GREEDY, database) as greedy:
        try:
            for _ in range(100):
                with turns.turn(DEADLINE_SECONDS):
                    pass
        finally:
            greedy.kill()
    turns.close()


def test_a_turn_that_does_not_come(tmp_path: Path) -> None:
    database = tmp_path / "live.db"
    turns = opened(database)
    with started(HOLDING, database) as holding:
        with pytest.raises(LiveTimeoutError), turns.turn(0.01):
            pass
        holding.kill()
        holding.wait()
        with turns.turn(DEADLINE_SECONDS):
            pass
    turns.close()


def test_processes_close_one_after_another(tmp_path: Path) -> None:
    with opened_store(f"sqlite:///{tmp_path}/live.db") as store:
        log = tmp_path / "live.db-wal"
        assert log.exists()
        with started(HOLDING, tmp_path / "live.db") as holding, ThreadPoolExecutor(1) as pool:
            closing = pool.submit(store.close)
            with pytest.raises(TimeoutError):
                closing.result(0.5)
            assert log.exists()
            holding.kill()
            closing.result(DEADLINE_SECONDS)
        assert not log.exists()


def test_without_a_file_there_are_no_turns(tmp_path: Path) -> None:
    turns = opened(tmp_path / "away" / "live.db")
    with turns.turn(0):
        pass
    turns.close()


def test_its_file_is_beside_the_database(tmp_path: Path) -> None:
    opened(tmp_path / "live.db").close()
    assert [path.name for path in tmp_path.iterdir()] == [f"live.db{SUFFIX}"]

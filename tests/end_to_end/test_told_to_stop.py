"""A run that is told to stop, by Ctrl-C or by SIGTERM, ends in one line and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from artifacts.queries.query import Query
from tests.support.paths import ROOT
from tests.support.shop import write_tiny_shop
from training.job import train
from training.picks.write_picks import write_picks

PATIENCE = 120  # seconds
SOON = 10  # seconds
SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
# Several processes, whose chunks are small and slow enough to be stopped at.
MANY_PROCESSES = """
import sys
from training.picks import write_picks
from training.__main__ import main
write_picks.USERS_PER_CHUNK, write_picks.available_cpus = 10, lambda: 2
sys.exit(main(sys.argv[1:]))
"""


@dataclass
class Run:
    process: subprocess.Popen[str]
    temporary: Path
    store: Store

    def stop_once(self, ready: Callable[[], bool], number: int) -> tuple[int, str, str]:
        """Its exit code, standard output and standard error."""
        ends = time.monotonic() + PATIENCE
        while not ready():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < ends
            time.sleep(0.005)
        os.killpg(self.process.pid, number)  # as the keyboard does
        said, complained = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said, complained

    def group_ends(self) -> bool:
        """Whether none of the processes that it started stays; the last of them sees to the others."""
        ends = time.monotonic() + SOON
        while time.monotonic() < ends:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.05)
        return False


@contextmanager
def running(root: Path, store: Store, *program: str) -> Iterator[Run]:
    temporary = root / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "ARTIFACTS_DIR": str(store.root), "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        [sys.executable, *program],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Run(process, temporary, store)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def purchases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a shop so large that a recipe is chosen."""
    root = tmp_path_factory.mktemp("shop")
    write_tiny_shop(root, n_users=600)
    return root / "purchases.parquet"


LEFT = {
    "train": "train: stopped: nothing was published\n",
    "evaluate": "evaluate: stopped: no report was written\n",
    "tune": "tune: stopped: nothing was written but the trials so far, with which the next run goes on\n",
}


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("command", LEFT)
def test_a_run_that_fits_ends_in_one_line_without_the_copies_of_its_models(
    purchases: Path, tmp_path: Path, command: str, number: int
) -> None:
    store = Store(tmp_path / "store")
    more = {"train": [], "evaluate": ["--out", str(tmp_path / "out")], "tune": ["--out", str(tmp_path / "t.toml")]}
    program = ("-m", "training", command, "--quiet", "--data", str(purchases), *more[command])
    with running(tmp_path, store, *program) as run:
        ended = run.stop_once(lambda: any(run.temporary.glob("aisle-*")), number)
        assert ended == (SIGNALS[signal.Signals(number)], "", LEFT[command])
        assert run.group_ends()
        assert list(run.temporary.iterdir()) == []
        assert store.versions() == []
        assert list(store.root.glob("drafts/*")) == []


def test_a_run_that_loads_its_libraries_ends_silently(tmp_path: Path, purchases: Path) -> None:
    program = ("-X", "importtime", "-m", "training", "train", "--data", str(purchases))
    with running(tmp_path, Store(tmp_path / "store"), *program) as run:
        assert run.process.stderr is not None
        while "training.stopping" not in run.process.stderr.readline():
            pass
        time.sleep(0.1)
        code, said, complained = run.stop_once(lambda: True, signal.SIGINT)
        assert (code, said) == (130, "")
        assert "Traceback" not in complained


@pytest.mark.parametrize("number", SIGNALS)
def test_picks_by_several_processes_end_in_one_line_and_the_next_run_goes_on(
    purchases: Path, tmp_path: Path, number: int
) -> None:
    store = Store(tmp_path / "store")
    train(write_tiny_shop(tmp_path / "shop", n_users=600), store, show_progress=False, force="it is only a test")
    parts = tmp_path / ".picks.csv.parts"
    out = tmp_path / "picks.csv"
    with running(tmp_path, store, "-c", MANY_PROCESSES, "picks", "--quiet", "--out", str(out)) as run:
        ended = run.stop_once(lambda: len(list(parts.glob("0*-*"))) > 1, number)
        stopped = "picks: stopped: the file is as it was, and the next run goes on from here\n"
        assert ended == (SIGNALS[signal.Signals(number)], "", stopped)
        assert run.group_ends()
    n_done = len(list(parts.glob("0*-*")))
    assert 1 < n_done < 60
    assert not out.exists()
    again = write_picks(store, out, Query(), None, show_progress=False)
    assert again.users == 600

"""A training run is killed at its changes to the store: what was published stays, and the next run works."""

import json
import os
import signal
import subprocess
import sys
from operator import itemgetter
from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from tests.support.paths import ROOT
from training.config import load_config
from training.job import train

# Too little to evaluate, so that a run takes no longer than its publishing.
PURCHASES = """user_id,item_id,time,basket_id
u1,beans,{0},b1
u1,machine,{0},b1
u2,beans,{0},b2
u2,machine,{0},b2
u2,cup,{0},b3
"""

KILLER = """
import json, os, shutil, sys
from pathlib import Path
from tests.support.crash import Countdown
from artifacts.publishing.store import Store
from training.__main__ import main

root, before, configuration = Path(os.environ["ARTIFACTS_DIR"]), Path(sys.argv[1]), sys.argv[2]
UNENDING = 1_000_000

def run(steps):
    # A fork of this process, which has trained nothing itself, costs half of what a fresh interpreter does.
    child = os.fork()
    if child == 0:
        countdown = Countdown(steps, root)
        sys.addaudithook(countdown.hear)
        code = main(["train", "--quiet", "--config", configuration])
        os.write(pipe[1], str(UNENDING - countdown.left).encode()) if steps == UNENDING else None
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def start_again():
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(before, root)

def published():
    store = Store(root)
    return store.current(), [store.verify(version).version for version in store.versions()]

pipe = os.pipe()
start_again()
run(UNENDING)
n_steps = int(os.read(pipe[0], 20))
for step in range(1, n_steps + 2):
    start_again()
    code = run(step)
    current, versions = published()
    following = []
    if step % 3 == 0:
        following = [run(UNENDING), *published(), len(list((root / "drafts").iterdir()))]
    print(json.dumps([code, current, versions, following]), file=sys.stderr)
"""


@pytest.mark.slow
def test_a_run_killed_at_any_step_leaves_a_version_that_verifies(tmp_path: Path) -> None:
    """After every third kill another run is started, which has to succeed and to clear away what is left."""
    purchases = tmp_path / "purchases.csv"
    purchases.write_text(PURCHASES.format("2025-03-01"))
    store = Store(tmp_path / "store")
    configuration = tmp_path / "configuration.toml"
    configuration.write_text(f"data.source = '{purchases}'\nmodel.factors = 4\n")
    old = train(load_config(configuration, None), store, show_progress=False)
    purchases.write_text(PURCHASES.format("2025-03-02"))
    before = tmp_path / "before"
    store.root.rename(before)
    script = tmp_path / "killer.py"
    script.write_text(KILLER)
    killer = subprocess.run(
        [sys.executable, script, before, configuration],
        env={**os.environ, "ARTIFACTS_DIR": str(store.root), "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killer.returncode == 0, killer.stderr
    runs = [json.loads(line) for line in killer.stderr.splitlines() if line.startswith("[")]
    assert len(runs) > 60
    for _, current, versions, _ in runs:
        assert versions[0] == old
        assert current in versions, "the version served verifies"
    for *_, versions, (code, next_current, next_versions, n_drafts) in filter(itemgetter(-1), runs):
        assert code == 0
        assert next_versions[: len(versions)] == versions
        assert next_current == next_versions[-1] != old
        assert n_drafts == 0
    codes = [run[0] for run in runs]
    assert codes == [-signal.SIGKILL] * (len(runs) - 1) + [0]
    swapped = [run[1] != old for run in runs]
    assert swapped == sorted(swapped), "a swap is not undone by a later kill"
    assert 1 < swapped.count(False) < len(runs) - 2, "kills came before and after the swap"

"""A publishing, rolling back or pruning process is killed at every change it makes to the disk."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from crash import ROOT, crash_steps

from artifacts.errors import NoVersionError
from artifacts.manifest import Provenance
from artifacts.store import Store

PUBLISHER = """
import os, sys
from pathlib import Path
import numpy as np
from artifacts.manifest import Provenance
from artifacts.store import Store

store = Store(Path(os.environ["ARTIFACTS_DIR"]))
value = len(store.versions())
with store.draft() as draft:
    np.save(draft / "items.npy", np.full((50, 8), value, np.float32))
    store.publish(draft, Provenance(created=f"2026-02-01T00:{value:02}:00Z"))
"""

PUBLISHERS = """
import os, sys
from pathlib import Path
from artifacts.manifest import Provenance
from artifacts.store import Store

store = Store(Path(os.environ["ARTIFACTS_DIR"]))
for round in range(5):
    with store.draft() as draft:
        (draft / "recipe.json").write_text(f"{sys.argv[1]} {round}")
        store.publish(draft, Provenance(created=f"2026-02-1{sys.argv[1]}T00:0{round}:00Z"))
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def publisher(tmp_path: Path) -> str:
    script = tmp_path / "publisher.py"
    script.write_text(PUBLISHER)
    return str(script)


def publish(store: Store, hour: int) -> str:
    with store.draft() as draft:
        np.save(draft / "items.npy", np.full((50, 8), hour, np.float32))
        return store.publish(draft, Provenance(created=f"2026-01-01T{hour:02}:00:00Z"))


def verify_all(store: Store) -> None:
    for version in store.versions():
        store.verify(version)


def test_a_publish_killed_at_any_step_leaves_the_old_or_the_new_version(store: Store, publisher: str) -> None:
    last_good = publish(store, 1)
    swaps = 0
    for step in crash_steps([publisher], {"ARTIFACTS_DIR": str(store.root)}):
        verify_all(store)
        current = store.current()
        assert current in {last_good, store.versions()[-1]}, step
        swaps += current != last_good
        last_good = current
    assert step > 20, "a publish makes more changes than were counted"
    assert swaps > 0, "no kill came after the swap"
    assert store.verify(store.current()).previous == last_good
    assert store.current() == store.versions()[-1]
    assert list((store.root / "drafts").iterdir()) == [], "the publish that lived removed the drafts of the dead"


def test_a_first_publish_killed_at_any_step_leaves_nothing_or_the_new_version(store: Store, publisher: str) -> None:
    outcomes = []
    for _ in crash_steps([publisher], {"ARTIFACTS_DIR": str(store.root)}):
        verify_all(store)
        try:
            outcomes.append(store.verify(store.current()).version)
        except NoVersionError:
            outcomes.append(None)
    published = list(itertools.dropwhile(lambda outcome: outcome is None, outcomes))
    assert outcomes[0] is None
    assert published
    assert None not in published


def test_a_rollback_killed_at_any_step_points_at_a_good_version(store: Store) -> None:
    versions = [publish(store, hour) for hour in range(1, 5)]
    seen = []
    for _ in crash_steps(["-m", "artifacts", "rollback"], {"ARTIFACTS_DIR": str(store.root)}):
        seen.append(store.verify(store.current()).version)
    assert seen[0] == versions[-1]
    assert seen == sorted(seen, reverse=True)
    assert store.versions() == versions
    assert store.current() < versions[-1]


def test_a_prune_killed_at_any_step_leaves_no_half_version(store: Store) -> None:
    versions = [publish(store, hour) for hour in range(1, 5)]
    for _ in crash_steps(["-m", "artifacts", "prune", "--keep", "1"], {"ARTIFACTS_DIR": str(store.root)}):
        verify_all(store)
        assert store.current() == versions[-1]
        assert versions[-2] in store.versions()
    assert store.versions() == versions[-2:]
    assert list((store.root / "drafts").iterdir()) == []


def test_publishers_at_the_same_time_take_over_from_one_another(store: Store, tmp_path: Path) -> None:
    publish(store, 1)
    script = tmp_path / "publishers.py"
    script.write_text(PUBLISHERS)
    processes = [
        subprocess.Popen(
            [sys.executable, script, str(number)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "ARTIFACTS_DIR": str(store.root)},
        )
        for number in range(3)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert len(store.versions()) == 1 + 3 * 5
    previous = [store.verify(version).previous for version in store.versions()]
    assert len(set(previous)) == len(previous), "two publishers took over from the same version"
    assert {*previous, store.current()} == {None, *store.versions()}
    assert list((store.root / "drafts").iterdir()) == []

"""A publishing, rolling back or pruning process is killed at every change it makes to the disk."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from artifacts.errors import NoVersionError
from artifacts.publishing.manifest import Provenance
from artifacts.publishing.store import Store
from tests.support.crash import crash_steps
from tests.support.paths import ROOT

PUBLISHER = """
import os, sys
from pathlib import Path
import numpy as np
from artifacts.publishing.manifest import Provenance
from artifacts.publishing.store import Store

store = Store(Path(os.environ["ARTIFACTS_DIR"]))
value = len(store.versions())
with store.draft() as draft:
    np.save(draft / "items.npy", np.full((50, 8), value, np.float32))
    store.publish(draft, Provenance(created=f"2026-02-01T00:{value:02}:00Z"))
"""

PUBLISHERS = """
import os, sys
from pathlib import Path
from artifacts.publishing.manifest import Provenance
from artifacts.publishing.store import Store

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


def good_versions(store: Store) -> list[str]:
    """The names of all listed versions, each of which must verify."""
    return [store.verify(version).version for version in store.versions()]


def current_or_none(store: Store) -> str | None:
    try:
        return store.current()
    except NoVersionError:
        return None


def check_next_publish(store: Store) -> None:
    """A publish works whatever a killed process left, and clears that away."""
    listed = store.versions()
    version = publish(store, 23)
    assert store.current() == version
    assert store.versions() == sorted([*listed, version])
    assert list((store.root / "drafts").iterdir()) == []


@pytest.mark.parametrize("n_before", [0, 1], ids=["first version", "next version"])
def test_a_publish_killed_at_any_step_leaves_the_old_or_the_new_version(
    store: Store, publisher: str, n_before: int
) -> None:
    before = [publish(store, hour) for hour in range(n_before)]
    last_good = before[-1] if before else None
    swapped = []
    for step in crash_steps([publisher], store.root):
        versions = good_versions(store)
        assert versions[:n_before] == before
        current = current_or_none(store)
        assert current == last_good or [current] == versions[n_before:], step
        swapped.append(current != last_good)
        check_next_publish(store)
    assert store.current() == good_versions(store)[n_before]
    assert swapped == sorted(swapped), "a swap is not undone by a later crash"
    assert swapped.count(False) > 10, "a publish makes more changes than were counted"
    assert swapped[-1], "no kill came after the swap"


def test_a_rollback_killed_at_any_step_before_the_swap_changes_nothing(store: Store) -> None:
    versions = [publish(store, hour) for hour in (1, 2, 3)]
    seen = []
    for _ in crash_steps(["-m", "artifacts", "rollback"], store.root):
        assert good_versions(store) == versions
        seen.append(store.current())
    assert set(seen) == {versions[2]}
    assert len(seen) > 2, "a rollback makes more changes than were counted"
    assert store.current() == versions[1]


def test_a_prune_killed_at_any_step_leaves_no_half_version(store: Store) -> None:
    versions = [publish(store, hour) for hour in (1, 2, 3, 4)]
    left = []
    for _ in crash_steps(["-m", "artifacts", "prune", "--keep", "1"], store.root):
        left.append(good_versions(store))
        assert left[-1][-2:] == versions[-2:]
        assert store.current() == versions[-1]
        check_next_publish(store)
    assert left[0] == versions
    assert left[-1] == store.versions() == versions[-2:]


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

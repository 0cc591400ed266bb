"""What killed services leave behind is removed, and a full directory is not used."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from service.telemetry.metrics_directory import (
    PREFIX,
    WORKER_BYTES,
    NoRoomError,
    make_directory,
    remove_abandoned,
    roomy_directory,
)
from tests.support.gunicorn_service import Service, running, wait_for
from tests.support.small_disk import small_disk

MAKE = """
import sys, time
from pathlib import Path
from service.telemetry.metrics_directory import make_directory
print(make_directory(Path(sys.argv[1])), flush=True)
time.sleep(1000)
"""


def of_another_process(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", MAKE, str(parent)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def aged(directory: Path) -> Path:
    os.utime(directory, (time.time() - 3600,) * 2)
    return directory


def without_lock(parent: Path, name: str, process_id: int) -> Path:
    directory = parent / f"{PREFIX}{name}"
    directory.mkdir()
    (directory / f"counter_{process_id}.db").write_bytes(b"x")
    return aged(directory)


def test_what_no_living_process_owns_is_removed(tmp_path: Path) -> None:
    own = make_directory(tmp_path)
    process, others = of_another_process(tmp_path)
    dead, dead_one = of_another_process(tmp_path)
    dead.kill()
    dead.communicate()
    old_dead = without_lock(tmp_path, "old", dead.pid)
    old_living = without_lock(tmp_path, "living", process.pid)
    (tmp_path / f"{PREFIX}young").mkdir()
    (tmp_path / "something-else").mkdir()
    remove_abandoned(tmp_path)
    assert not dead_one.exists()
    assert not old_dead.exists()
    assert own.exists()
    assert others.exists()
    assert old_living.exists()
    assert (tmp_path / f"{PREFIX}young").exists(), "it may be in the making"
    assert (tmp_path / "something-else").exists()
    process.kill()
    process.communicate()
    remove_abandoned(tmp_path)
    assert not others.exists()


def test_a_full_directory_is_cleared_of_what_was_left_behind(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2 * WORKER_BYTES) as disk:
        left = without_lock(disk, "left", 2**22 + 1)  # no process has such a number
        (left / "histogram_4194305.db").write_bytes(bytes(WORKER_BYTES + 1))
        aged(left)
        assert roomy_directory([disk, tmp_path], n_workers=2) == disk
        assert list(disk.iterdir()) == []


def test_another_directory_is_used_where_one_is_full_and_none_is_an_error(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2 * WORKER_BYTES) as disk:
        (disk / "others").write_bytes(bytes(WORKER_BYTES))
        assert roomy_directory([disk, tmp_path], n_workers=1) == disk
        assert roomy_directory([disk, tmp_path], n_workers=2) == tmp_path
        with pytest.raises(NoRoomError, match=f"2 workers, 2,097,152 bytes: {disk} has 1,048,576 bytes free"):
            roomy_directory([disk], n_workers=2)
        assert roomy_directory([tmp_path / "nowhere", tmp_path], n_workers=2) == tmp_path


def metrics_directory(service: Service) -> Path:
    """What the master holds the lock of."""
    links = [str(path.readlink()) for path in Path(f"/proc/{service.pid}/fd").iterdir()]
    return next(Path(link).parent for link in links if PREFIX in link)


def test_a_killed_services_metrics_are_removed_by_the_next_and_a_living_ones_stay(
    tiny_store: Store, service: Service, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with running(tiny_store.root, tmp_path / "first", WORKERS="1") as killed:
        left = metrics_directory(killed)
        assert list(left.glob("*.db"))
        workers = killed.workers()
        for process_id in (killed.pid, *workers):
            os.kill(process_id, signal.SIGKILL)
        wait_for(lambda: not any(Path(f"/proc/{process_id}").exists() for process_id in workers))
        assert left.exists()
        with running(tiny_store.root, tmp_path / "second", WORKERS="1") as other:
            assert not left.exists()
            assert metrics_directory(service).exists()
            assert metrics_directory(other).exists()
            assert b"aisle_model_info" in service.get("/metrics").body

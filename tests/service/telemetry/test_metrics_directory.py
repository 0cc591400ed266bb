"""What killed services leave behind is removed, and a full directory is not used."""

import os
import re
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
    forget_worker,
    make_directory,
    remove_abandoned,
    reserve,
    roomy_directory,
)
from tests.support.gunicorn_service import COMMAND, Service, running, wait_for
from tests.support.small_disk import fill, small_disk

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
        with running(tiny_store.root, tmp_path / "second", WORKERS="1") as other:
            assert not left.exists()
            assert metrics_directory(service).exists()
            assert metrics_directory(other).exists()
            assert b"aisle_model_info" in service.get("/metrics").body


def test_room_is_taken_in_the_first_directory_that_has_it(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", WORKER_BYTES) as disk:
        assert reserve([tmp_path / "nowhere", disk, tmp_path], 7) == disk
        assert reserve([disk, tmp_path], 8) == tmp_path
        assert not list(disk.glob("*_8.*")), "what was begun there is gone"
        with pytest.raises(NoRoomError, match=f"{disk}: No space left on device"):
            reserve([disk], 9)
        forget_worker([disk, tmp_path], 7)
        assert reserve([disk, tmp_path], 10) == disk, "who is gone takes no room"


SMALL_SHARED_MEMORY = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=4m none /dev/shm && exec "$@"', "sh")


@pytest.mark.integration
def test_workers_that_find_the_shared_memory_full_have_their_metrics_elsewhere(
    tiny_store: Store, tmp_path: Path
) -> None:
    if subprocess.run([*SMALL_SHARED_MEMORY, "true"], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    command = (*SMALL_SHARED_MEMORY, *COMMAND)
    with running(tiny_store.root, tmp_path, command=command, WORKERS="2") as service:
        shared = Path(f"/proc/{service.pid}/root/dev/shm")
        asked(service, 1)
        files = {path.name.rpartition("_")[0] for path in shared.glob(f"{PREFIX}*/*.db")}
        assert files == {"histogram", "counter", "gauge_livesum", "gauge_livemin"}
        fill(shared / "filler")
        for number in (2, 3):
            before = set(service.workers())
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            wait_for(lambda: len(after := set(service.workers())) == 2 and not before & after)  # noqa: B023
            wait_for(lambda: "aisle_model_behind 0.0" in service.get("/metrics").body.decode())
            asked(service, number)
    assert len(re.findall("Booting worker", service.err.read_text())) <= 6, "none fails"


def asked(service: Service, times: int) -> None:
    """Ask once more, and wait until the metrics have it that this was done so often: they count after the answer."""
    assert service.get("/v1/popular").status == 200
    counted = re.compile(rf'aisle_requests_total\{{.*route="/v1/popular".*\}} {times}\.0')
    wait_for(lambda: counted.search(service.get("/metrics").body.decode()))

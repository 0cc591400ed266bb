"""What a running service reads again is broken or away: it goes on with what was known, and its master never ends."""

import os
import re
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from artifacts.live.breaker import FAILURES
from artifacts.publishing.store import Store
from service.http.keys import Scope, create_key, revoke_key
from tests.support.gunicorn_service import COMMAND, Service, running, wait_for
from tests.support.live_events import opened, rows
from tests.support.paths import ROOT
from tests.support.small_disk import fill, mounted, small_disk
from tests.support.versions import copy_of

Break = Callable[[Path], None]


def hang_up(service: Service) -> None:
    """Have all workers replaced, as a reload does."""
    replaced(service, lambda: send([service.pid], signal.SIGHUP))


def kill_workers(service: Service) -> None:
    """Have all workers replaced, as after a crash."""
    replaced(service, lambda: send(service.workers(), signal.SIGKILL))


def send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


def replaced(service: Service, act: Callable[[], None]) -> None:
    before = set(service.workers())
    act()
    wait_for(lambda: len(after := set(service.workers())) == len(before) and not before & after)
    wait_for(lambda: answers(service))


def answers(service: Service) -> bool:
    try:
        return service.get("/health/live").status == 200
    except OSError:
        return False


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def events(number: int) -> dict[str, object]:
    """A body with one event."""
    time = datetime.now(UTC).isoformat()
    event = {"event_id": f"e{number}", "type": "view", "user_id": "u1", "item_id": "I000", "time": time}
    return {"events": [event]}


def malform(path: Path) -> None:
    path.write_text('{"keys": [{"name": "a"')


def take_away(path: Path) -> None:
    path.unlink()


def put_a_directory_there(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("restart", [hang_up, kill_workers])
@pytest.mark.parametrize("spoil", [malform, take_away, put_a_directory_there])
def test_new_workers_go_on_with_the_keys_that_were_known(
    tiny_store: Store, tmp_path: Path, spoil: Break, restart: Callable[[Service], None]
) -> None:
    path = tmp_path / "keys.json"
    revoked = create_key(path, "revoked", frozenset({Scope.READ}))
    with running(tiny_store.root, tmp_path, WORKERS="2", API_KEYS_FILE=str(path)) as service:
        token = create_key(path, "shop", frozenset({Scope.READ}))
        revoke_key(path, "revoked")
        wait_for(lambda: statuses(service, token) == {200} and statuses(service, revoked) == {401})
        spoil(path)
        restart(service)
        assert statuses(service, token) == {200}
        assert statuses(service, revoked) == {401}, "what was revoked before stays so"
        wait_for(lambda: service.get("/health/ready").json.get("degraded") == ["keys"])
        assert "keys_refused" in service.out.read_text()
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        later = create_key(path, "later", frozenset({Scope.READ}))
        wait_for(lambda: statuses(service, later) == {200} and statuses(service, token) == {401})
        wait_for(lambda: "degraded" not in service.get("/health/ready").json)


def statuses(service: Service, token: str) -> set[int]:
    """What several connections, and so most likely all workers, answer to a key."""
    return {service.get("/v1/popular", bearer(token)).status for _ in range(10)}


def test_the_live_stores_folder_is_unmounted(tiny_store: Store, tmp_path: Path) -> None:
    disk, folder = tmp_path / "disk", tmp_path / "folder"
    disk.mkdir()
    folder.mkdir()
    mount = ("--bind", str(disk), str(folder))
    with ExitStack() as stack:
        with mounted(*mount):
            url = f"sqlite:///{folder}/live.db"
            service = stack.enter_context(running(tiny_store.root, tmp_path, LIVE_URL=url))
            assert service.post("/v1/events", events(1)).status == 202
        for restart in (kill_workers, hang_up):
            restart(service)
            assert service.get("/v1/users/u1/recommendations").json["degraded"] == ["live"]
            assert service.post("/v1/events", events(2)).status == 503
            assert list(folder.iterdir()) == [], "an empty store in its place would be taken for it"
        with mounted(*mount):
            wait_for(lambda: service.post("/v1/events", events(1)).json.get("duplicates"))
            assert service.post("/v1/events", events(1)).json["duplicates"] == ["e1"]


def test_the_live_stores_folder_is_away(tiny_store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with running(tiny_store.root, tmp_path, LIVE_URL=f"sqlite:///{folder}/live.db") as service:
        folder.rename(tmp_path / "away")
        for restart in (kill_workers, hang_up):
            restart(service)
            assert service.get("/health/ready").json["degraded"] == ["live"]
        (tmp_path / "away").rename(folder)
        wait_for(lambda: "degraded" not in service.get("/health/ready").json)


def test_the_store_of_versions_is_away(tiny_store: Store, tmp_path: Path) -> None:
    store = copy_of(tiny_store, tmp_path / "store")
    with running(store.root, tmp_path) as service:
        store.root.rename(tmp_path / "away")
        for restart in (kill_workers, hang_up):
            restart(service)
            assert service.get("/v1/popular").status == 503
        (tmp_path / "away").rename(store.root)
        wait_for(lambda: service.get("/v1/popular").status == 200)


def test_a_live_store_that_was_read_only_is_written_to_once_it_is_mended(tiny_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    with opened(f"sqlite:///{path}"):
        pass
    with immutable(path), running(tiny_store.root, tmp_path, LIVE_URL=f"sqlite:///{path}") as service:
        assert [service.post("/v1/events", events(1)).status for _ in range(FAILURES)] == [503] * FAILURES
        assert service.get("/health/ready").json["degraded"] == ["live"]
        subprocess.run(["chattr", "-i", str(path)], check=True)
        wait_for(lambda: "degraded" not in service.get("/health/ready").json)
        assert service.post("/v1/events", events(1)).status == 202


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    """A file that not even root may write to; skips the test where there is no such thing."""
    if subprocess.run(["chattr", "+i", str(path)], check=False, capture_output=True).returncode:
        pytest.skip("no file can be made immutable here")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(path)], check=True)


def test_degraded_ends_without_anybody_writing(tiny_store: Store, tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", 1 << 20) as disk,
        running(tiny_store.root, tmp_path, LIVE_URL=f"sqlite:///{disk}/live.db") as service,
    ):
        fill(disk / "filler")
        wait_for(lambda: service.post("/v1/events", events(1)).json["detail"].endswith("(paused): try again"))
        assert service.get("/health/ready").json["degraded"] == ["live"]
        (disk / "filler").unlink()
        wait_for(lambda: "degraded" not in service.get("/health/ready").json)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_on_a_clean_stop_all_events_are_in_the_file_itself(tiny_store: Store, tmp_path: Path, workers: str) -> None:
    path = tmp_path / "live.db"
    with running(tiny_store.root, tmp_path, WORKERS=workers, LIVE_URL=f"sqlite:///{path}") as service:
        for number in range(20):
            assert service.post("/v1/events", events(number)).status == 202
            service.get("/v1/users/u1/recommendations")
    copy = tmp_path / "copy" / "live.db"
    copy.parent.mkdir()
    shutil.copy(path, copy)
    assert rows(f"sqlite:///{copy}", "SELECT count(*) FROM live_events") == [(20,)]
    assert {found.name for found in tmp_path.glob("live.db*")} == {"live.db", "live.db-turns"}


@pytest.mark.parametrize("room", [0, 1])
def test_no_file_descriptors_for_a_moment(tiny_store: Store, tmp_path: Path, room: int) -> None:
    """The master cannot start a worker, or the worker cannot start: it is tried again, a second later each time."""
    with running(tiny_store.root, tmp_path) as service:
        used = max(int(path.name) for path in Path(f"/proc/{service.pid}/fd").iterdir())
        soft, hard = resource.prlimit(service.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (used + 1 + room, hard))
        send(service.workers(), signal.SIGKILL)
        failures = re.compile(r"failed: the master goes on|exited with code 1\.")
        wait_for(lambda: len(failures.findall(service.err.read_text())) >= 2)
        resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (soft, hard))
        wait_for(lambda: answers(service))
        assert len(re.findall("Booting worker", service.err.read_text())) < 60, "no loop without a pause"


def test_a_configuration_that_is_broken_when_it_is_read_anew(tiny_store: Store, tmp_path: Path) -> None:
    configuration = ROOT / "service" / "gunicorn.conf.py"
    own = tmp_path / "own.conf.py"
    own.write_text(f"exec(compile(open({str(configuration)!r}).read(), {str(configuration)!r}, 'exec'))")
    command = (*COMMAND[:3], "-c", str(own), COMMAND[-1])
    with running(tiny_store.root, tmp_path, command=command) as service:
        (worker,) = service.workers()
        own.write_text("import nothing_of_this_name")
        os.kill(service.pid, signal.SIGHUP)
        wait_for(lambda: "reload failed: the master goes on" in service.err.read_text())
        send([worker], signal.SIGKILL)
        wait_for(lambda: service.workers() and service.workers() != [worker] and answers(service))

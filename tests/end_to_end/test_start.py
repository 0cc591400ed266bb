"""What the service refuses to start with, and that it says why; how it is spread over processes and threads."""

import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from artifacts.publishing.store import Store
from tests.support.gunicorn_service import COMMAND, refusal, running, wait_for

BARE = (sys.executable, "-m", "gunicorn", "service.wsgi:app")


@pytest.mark.parametrize(
    ("arguments", "settings"), [((), {"HOST": "0.0.0.0"}), (("-b", "0.0.0.0:0"), {}), (("-b", "[::]:0"), {})]
)
def test_not_for_everybody_without_keys(tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, Any]) -> None:
    code, said = refusal(tmp_path, *arguments, **settings)
    assert code == 1
    assert said.splitlines()[-2] == "the service cannot start:"
    assert "can be reached from other machines and there are no API keys" in said.splitlines()[-1]
    assert "SERVE_WITHOUT_KEYS=yes" in said
    assert "Listening" not in said
    assert "Traceback" not in said


def test_not_where_nobody_knows_the_address(tmp_path: Path) -> None:
    code, said = refusal(tmp_path, "-b", "0.0.0.0:0", command=BARE)
    assert code != 0
    assert "without API keys the address must be known to be local" in said


def test_not_with_a_preloaded_app(tmp_path: Path) -> None:
    code, said = refusal(tmp_path, "--preload", SERVE_WITHOUT_KEYS="yes")
    assert code == 1
    assert "--preload cannot be used: each worker has to open the model itself" in said
    assert "Listening" not in said


def test_not_with_bad_settings(tmp_path: Path) -> None:
    code, said = refusal(tmp_path, WORKERS="0", SERVE_WITHOUT_KEYS="sure")
    assert (code, said) == (
        1,
        "the service cannot start:\n"
        "  WORKERS='0' is not a whole number from 1 to 512\n"
        "  SERVE_WITHOUT_KEYS='sure' is neither yes nor no\n",
    )


def test_not_with_a_broken_keys_file(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"keys": [{"name": "a"}]}')
    code, said = refusal(tmp_path, API_KEYS_FILE=str(keys))
    assert code != 0
    assert f"{keys}: keys.0.scopes: Field required; keys.0.sha256" in said
    assert "Listening" not in said


def test_for_everybody_when_told_to(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path, HOST="0.0.0.0", SERVE_WITHOUT_KEYS="yes") as service:
        assert service.get("/v1/popular").status == 200


def test_it_cleans_up_behind_itself(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path) as service:
        (worker,) = service.workers()
        maps = Path(f"/proc/{worker}/maps").read_text()
        metrics = Path(re.findall(r"(/\S*aisle-metrics-[^/]+)/", maps)[0])
        assert metrics.is_dir()
    assert not metrics.exists()


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def mapped(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


@pytest.mark.parametrize("arguments", [COMMAND, (*BARE, "--threads", "2", "-b", "127.0.0.1:0")], ids=["", "bare"])
def test_a_worker_computes_with_one_thread_whatever_is_set_for_other_programs(
    tiny_store: Store, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with running(
        tiny_store.root,
        tmp_path,
        command=arguments,
        SERVE_WITHOUT_KEYS="yes",
        THREADS="2",
        OMP_NUM_THREADS="2",
        OPENBLAS_NUM_THREADS="2",
    ) as service:
        for _ in range(20):
            assert service.get("/v1/users/u1/recommendations").status == 200
        (worker,) = service.workers()
        assert "libfaiss" in mapped(worker)
        assert threads(worker) <= 1 + 2 + 1 + 2, "its first, who answer, follow the store, write lines"


def test_the_master_loads_the_code_for_all_and_opens_and_computes_nothing(tiny_store: Store, tmp_path: Path) -> None:
    """A thread, or a search, would leave locks behind that nobody lets go of in the workers (faiss issue 5206)."""
    with running(tiny_store.root, tmp_path, OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2") as service:
        assert "libfaiss" in mapped(service.pid)
        assert str(tiny_store.root) not in mapped(service.pid)
        assert threads(service.pid) == 1 + 1, "its first, and the one that writes lines: a fork does away with its lock"


def test_it_goes_on_with_new_workers_after_a_hangup(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path, WORKERS="2") as service:
        assert service.get("/v1/users/u1/recommendations").status == 200
        before = set(service.workers())
        os.kill(service.pid, signal.SIGHUP)
        wait_for(lambda: len(after := set(service.workers())) == 2 and not before & after)
        assert service.get("/v1/users/u1/recommendations").status == 200
        served = f'aisle_model_info{{version="{tiny_store.current()}"}} 2.0'
        asked = re.compile(r'aisle_requests_total\{.*"/v1/users/<user_id>/recommendations".*\} 2\.0')  # by old and new
        wait_for(lambda: served in (metrics := service.get("/metrics").body.decode()) and asked.search(metrics))

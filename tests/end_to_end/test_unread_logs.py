"""Standard output, or standard error, that nobody reads: requests are answered, and the service stops."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import BinaryIO

import pytest

from artifacts.publishing.store import Store
from tests.support.gunicorn_service import COMMAND, DEADLINE_SECONDS, Service, ask, environment, running, wait_for
from tests.support.paths import ROOT

MUCH_LONGER_THAN_A_STOP_TAKES = 20  # and less than the 30 seconds after which gunicorn kills
LONG_ID = "r" * 128
CLOSED = "import os, sys; os.closerange(0, 3); os.execv(sys.argv[1], sys.argv[1:])"


@contextmanager
def pipe() -> Iterator[tuple[BinaryIO, int]]:
    """A small pipe that is not read."""
    reading, writing = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, 4096)
    with os.fdopen(reading, "rb") as reader:
        try:
            yield reader, writing
        finally:
            with suppress(OSError):
                os.close(writing)


def fill(writing: int) -> None:
    """Leave no room in a pipe."""
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"\n")
    os.set_blocking(writing, True)


@contextmanager
def started(
    store: Store, out: int | None, err: int | None, command: tuple[str, ...] = COMMAND
) -> Iterator[tuple[Service, "subprocess.Popen[bytes]"]]:
    """A service that writes to these descriptors, on a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(store.root, {"PORT": str(port)}), stdout=out, stderr=err
    )
    service = Service(port, process.pid, Path(os.devnull), Path(os.devnull))
    try:
        wait_for(lambda: is_ready(service))
        yield service, process
    finally:
        process.kill()
        process.wait(DEADLINE_SECONDS)


def is_ready(service: Service) -> bool:
    with suppress(OSError):
        return service.get("/health/ready").status == 200
    return False


def stop(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(MUCH_LONGER_THAN_A_STOP_TAKES)


def ask_often(service: Service, times: int) -> None:
    """What is refused at once and makes a long line."""
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)) as connection:
        for _ in range(times):
            assert ask(connection, "GET", "/v1/popular?limit=0", headers={"X-Request-ID": LONG_ID}).status == 400


def dropped(service: Service) -> int:
    (line,) = [
        line for line in service.get("/metrics").body.splitlines() if line.startswith(b"aisle_log_lines_dropped_total")
    ]
    return int(float(line.split()[1]))


def test_standard_output_that_nobody_reads(tiny_store: Store, tmp_path: Path) -> None:
    with (
        pipe() as (reader, out),
        (tmp_path / "err.log").open("wb") as err,
        started(tiny_store, out, err.fileno()) as (service, process),
    ):
        os.close(out)
        assert dropped(service) == 0
        while not (n_dropped := dropped(service)):
            ask_often(service, 200)
        assert service.get("/health/live").status == 200

        lines = [json.loads(reader.readline())]
        while lines[-1].get("event") != "lines_dropped":
            lines.append(json.loads(reader.readline()))
        assert lines[-1]["lines"] >= n_dropped
        waited = [json.loads(reader.readline()) for _ in range(1000)]
        assert sum(line.get("request_id") == LONG_ID for line in waited) > 900, "those that waited come after it, whole"
        assert dropped(service) == lines[-1]["lines"], "none was dropped since"

        ask_often(service, 300)
        assert stop(process) == 0


def test_standard_error_that_nobody_reads(tiny_store: Store, tmp_path: Path) -> None:
    with pipe() as (_, err), (tmp_path / "out.log").open("wb") as out:
        fill(err)
        with started(tiny_store, out.fileno(), err) as (service, process):
            (worker,) = service.workers()
            os.kill(worker, signal.SIGKILL)  # of which the master says something
            wait_for(lambda: service.workers() not in ([], [worker]))
            wait_for(lambda: is_ready(service))
            assert stop(process) == 0


@pytest.mark.parametrize("times", [1, 500])
def test_nothing_is_lost_on_a_normal_stop(tiny_store: Store, tmp_path: Path, times: int) -> None:
    with running(tiny_store.root, tmp_path) as service:
        ask_often(service, times)
    assert sum(line.get("request_id") == LONG_ID for line in service.lines()) == times
    assert "Shutting down: Master" in service.err.read_text()


def test_output_that_is_closed(tiny_store: Store, tmp_path: Path) -> None:
    with (
        pipe() as (reader, out),
        (tmp_path / "err.log").open("wb") as err,
        started(tiny_store, out, err.fileno()) as (service, process),
    ):
        os.close(out)
        reader.close()
        ask_often(service, 10)
        wait_for(lambda: dropped(service) >= 10)
        assert stop(process) == 0


def test_a_service_that_is_started_without_standard_descriptors(tiny_store: Store, tmp_path: Path) -> None:
    """Nothing that it opens gets their numbers, which the log's lines go to."""
    command = (sys.executable, "-c", CLOSED, *COMMAND)
    with started(tiny_store, None, None, command) as (service, process):
        ask_often(service, 10)
        for pid in (process.pid, *service.workers()):
            assert {Path(f"/proc/{pid}/fd/{number}").readlink() for number in range(3)} == {Path(os.devnull)}
        assert stop(process) == 0

"""The service as it runs in production: a real gunicorn on a free port of this machine."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

COMMAND = (sys.executable, "-m", "gunicorn", "-c", "service/gunicorn.conf.py", "service.wsgi:app")
DEADLINE_SECONDS = 90  # passed by a machine that is busy, not by a service that works


@dataclass(frozen=True)
class Reply:
    """A whole response."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Service:
    """A running service: where it answers, its master's process id, and what it wrote."""

    port: int
    pid: int
    out: Path
    err: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, target: str, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One request on a connection of its own; a body that is not bytes is sent as JSON."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        try:
            return ask(connection, method, target, body, headers)
        finally:
            connection.close()

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.ask("GET", target, headers=headers)

    def post(self, target: str, body: object, headers: Mapping[str, str] | None = None) -> Reply:
        return self.ask("POST", target, body, headers)

    def lines(self) -> list[dict[str, Any]]:
        """What it logged, line by line."""
        return [json.loads(line) for line in self.out.read_text().splitlines()]

    def workers(self) -> list[int]:
        """Its workers' process ids."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


def ask(
    connection: HTTPConnection,
    method: str,
    target: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """One request on a connection that may be used again."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})} if body is not None else dict(headers or {})
    connection.request(method, target, body, sent)
    response = connection.getresponse()
    return Reply(response.status, response.headers, response.read())


@contextmanager
def every_worker(service: Service) -> Iterator[dict[int, HTTPConnection]]:
    """A connection that stays open to each of its workers, by process id."""
    opened: list[HTTPConnection] = []
    found: dict[int, HTTPConnection] = {}

    def one_more() -> bool:
        connection = HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_SECONDS)
        opened.append(connection)
        ask(connection, "GET", "/health/live")
        found.setdefault(_worker_of(service, connection), connection)
        return found.keys() == set(service.workers())

    try:
        wait_for(one_more)
        yield found
    finally:
        for connection in opened:
            connection.close()


def _worker_of(service: Service, connection: HTTPConnection) -> int:
    """The process that has the other end of a connection."""
    ports = [f"{port:04X}" for port in (service.port, connection.sock.getsockname()[1])]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, *_, inode = line.split()[:10]
        if [local.rpartition(":")[2], remote.rpartition(":")[2]] == ports:
            return next(pid for pid in service.workers() if f"socket:[{inode}]" in _open_files(pid))
    raise RuntimeError(f"no worker has {ports}")


def _open_files(pid: int) -> set[str]:
    found = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(str(path.readlink()))
    return found


@contextmanager
def running(
    store: Path,
    directory: Path,
    *arguments: str,
    command: tuple[str, ...] = COMMAND,
    ready: bool = True,
    **settings: str,
) -> Iterator[Service]:
    """A service over a store's directory; its logs go to `directory`. Waits until it is ready, or only up."""
    process, out, err = start(store, directory, (*command, *arguments), settings)
    try:
        port = int(wait_for(lambda: _listening(process, err)))
        service = Service(port, process.pid, out, err)
        wait_for(lambda: service.get("/health/ready" if ready else "/health/live").status == 200)
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_SECONDS)


def start(
    store: Path, directory: Path, command: tuple[str, ...], settings: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], Path, Path]:
    """A service's process, not waited for, and the files that have its standard output and error."""
    out, err = directory / "out.log", directory / "err.log"
    with out.open("wb") as out_file, err.open("wb") as err_file:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(store, settings), stdout=out_file, stderr=err_file
        )
    return process, out, err


def refusal(store: Path, *arguments: str, command: tuple[str, ...] = COMMAND, **settings: str) -> tuple[int, str]:
    """The exit code and standard error of a service that does not start."""
    ended = subprocess.run(
        [*command, *arguments],
        check=False,
        cwd=ROOT,
        env=environment(store, settings),
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )
    return ended.returncode, ended.stderr


def wait_for(condition: Callable[[], Any]) -> Any:
    """The first true value of `condition`, asked again and again until the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing true within {DEADLINE_SECONDS} seconds")
        time.sleep(0.02)


def environment(store: Path, settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_CONFIG") if name in os.environ
    }
    return {**inherited, "PORT": "0", "WORKERS": "1", "ARTIFACTS_DIR": str(store), **settings}


def _listening(process: subprocess.Popen[bytes], err: Path) -> str | None:
    found = re.search(r"Listening at: http://[^ ]+:([0-9]+) ", err.read_text())
    if found is None and process.poll() is not None:
        raise RuntimeError(f"the service ended with {process.returncode}: {err.read_text()}")
    return found and found[1]

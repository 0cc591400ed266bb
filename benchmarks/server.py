"""A WSGI app under gunicorn with the service's own settings, on a free port of this machine."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TypeVar

from benchmarks.part import BenchError

ROOT = Path(__file__).parent.parent
AISLE = "service.wsgi:app"
FLOOR = "benchmarks.floor:create_app()"
DEADLINE_SECONDS = 120

Found = TypeVar("Found")


@dataclass(frozen=True)
class Server:
    """A running gunicorn: its port, its master's process id, and when it was started (`time.perf_counter`)."""

    port: int
    pid: int
    started: float

    def processes(self) -> list[int]:
        """The ids of the master and its workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="utf-8")
        return [self.pid, *map(int, children.split())]


@contextmanager
def serving(app: str, store: Path, directory: Path, **settings: str) -> Iterator[Server]:
    """Run `app` with service/gunicorn.conf.py over a store's directory; what it writes goes to `directory`.

    Yields as soon as it listens, which is before it can answer. Raises BenchError where it ends instead.
    """
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": "0", "ARTIFACTS_DIR": str(store), **settings}
    command = [sys.executable, "-m", "gunicorn", "-c", "service/gunicorn.conf.py", app]
    directory.mkdir(parents=True, exist_ok=True)
    out, err = directory / "out.log", directory / "err.log"
    with out.open("wb") as out_file, err.open("wb") as err_file:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out_file, stderr=err_file)  # noqa: S603
    try:
        port = wait_for(lambda: _listening(process, err))
        yield Server(int(port), process.pid, started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_SECONDS)


def wait_for(condition: Callable[[], Found | None]) -> Found:
    """The first value of `condition` that is true. Raises BenchError at the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.002)
    raise BenchError(f"nothing within {DEADLINE_SECONDS} seconds")


def wait_until_answered(server: Server, target: str) -> None:
    """Until a GET is answered 200."""
    wait_for(lambda: answers(server, target))


def answers(server: Server, target: str) -> bool:
    """Whether a GET is answered 200 now."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_SECONDS)
    try:
        connection.request("GET", target)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _listening(process: subprocess.Popen[bytes], err: Path) -> str | None:
    found = re.search(r"Listening at: http://[^ ]+:([0-9]+) ", err.read_text(encoding="utf-8"))
    if found is None and process.poll() is not None:
        raise BenchError(f"gunicorn ended with {process.returncode}: {err.read_text(encoding='utf-8')}")
    return found and found[1]

"""Somebody who follows the pages: a clean clone, one shell that remembers its variables, services in the background."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from tests.support.documents import Block
from tests.support.paths import ROOT

SERVES = re.compile(r"^make (run|serve)\b", re.MULTILINE)
SHOWN_PORTS = ("8000", "9000")
DEADLINE_SECONDS = 900.0
STOP_SECONDS = 60.0
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
# The shell notes each answer's status beside it, and hands its variables on to the next block.
PRELUDE = r"""
set -euo pipefail
curl() { command curl --silent --show-error --write-out '%{stderr}status %{http_code}\n' "$@"; }
[ ! -f "$STATE" ] || . "$STATE"
set -a
"""


@dataclass(frozen=True)
class Ran:
    """What a block did."""

    code: int
    out: str
    err: str

    @property
    def statuses(self) -> list[int]:
        """Those of the answers to its curl commands."""
        return [int(status) for status in re.findall(r"^status (\d+)$", self.err, re.MULTILINE)]


@dataclass
class Walk:
    """The clone in `directory`, and what runs in it; the ports of the pages stand for free ones."""

    directory: Path
    log: Path
    ports: dict[str, int] = field(default_factory=lambda: {shown: free_port() for shown in SHOWN_PORTS})
    services: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, block: Block) -> Ran:
        """Run a block's commands, each of which has to succeed, or start the service that it starts."""
        text = self._here(block.text)
        if SERVES.search(text):
            return self._serve(text)
        done = subprocess.run(
            ["bash", "-c", f'{PRELUDE}\n{text}\nexport -p > "$STATE"'],
            cwd=self.directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        return Ran(done.returncode, self._as_shown(done.stdout), self._as_shown(done.stderr))

    def stop(self, port: int) -> None:
        """Ctrl-C, which has to be enough."""
        process = self.services.pop(port)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise

    def _serve(self, text: str) -> Ran:
        port = self.ports["9000"] if f"PORT={self.ports['9000']}" in text else self.ports["8000"]
        if port in self.services:
            self.stop(port)
        log = self.log / f"service-{len(list(self.log.iterdir()))}.log"
        with log.open("wb") as file:
            self.services[port] = subprocess.Popen(
                ["bash", "-c", f"{PRELUDE}\n{text}"],
                cwd=self.directory,
                env=self._environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        ready = self._wait_until_ready(port)
        return Ran(0 if ready else 1, self._as_shown(log.read_text()), "")

    def _wait_until_ready(self, port: int) -> bool:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.services[port].poll() is None and time.monotonic() < deadline:
            if is_ready(port):
                return True
            time.sleep(0.1)
        return False

    @property
    def _environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        path = f"{self.directory}/.venv/bin:{inherited['PATH']}"
        return {**inherited, "PATH": path, "PORT": str(self.ports["8000"]), "STATE": str(self.log.parent / "state.sh")}

    def _here(self, text: str) -> str:
        """A block's text with this walk's ports, and with minutes that are seconds."""
        for shown, port in self.ports.items():
            text = text.replace(f"127.0.0.1:{shown}", f"127.0.0.1:{port}").replace(f"PORT={shown}", f"PORT={port}")
        return re.sub(r"\bMINUTES=\d+", "MINUTES=0.1", text)

    def _as_shown(self, text: str) -> str:
        for shown, port in self.ports.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{shown}")
        return text.replace(str(self.directory), "/srv/aisle")


@contextmanager
def walking(directory: Path) -> Iterator[Walk]:
    """A walk through a clean clone of the project below `directory`; what it left running is stopped."""
    (directory / "logs").mkdir()
    walk = Walk(clone(directory / "aisle"), directory / "logs")
    try:
        yield walk
    finally:
        for port in list(walk.services):
            walk.stop(port)


def clone(target: Path) -> Path:
    """The project as it stands, changes that are not committed too, with an environment that is set up already."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)
    for name in _git("ls-files", "--modified", "--others", "--exclude-standard"):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
        else:
            (target / name).unlink(missing_ok=True)
    venv = target / ".venv"
    venv.mkdir()
    for path in Path(sys.prefix).iterdir():
        if path.name != ".ready":
            (venv / path.name).symlink_to(path)
    (venv / ".ready").touch()
    return target


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def is_ready(port: int) -> bool:
    """Whether a service answers there, and has something to answer from."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()

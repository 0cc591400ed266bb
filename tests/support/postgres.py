"""A PostgreSQL server of its own for a test run: the installed one's binaries, a new cluster, a free loopback port."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.missing import without

ACCOUNT = "postgres"  # the server refuses to run as root


def _binaries() -> Path:
    """Where initdb and pg_ctl are: on PATH, or where Debian puts them. Not installed: the test is skipped, but fails
    where CI is set."""
    on_path = shutil.which("initdb")
    places = (
        [Path(on_path).resolve().parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    )
    found = next((place for place in places if (place / "pg_ctl").exists()), None)
    if found is None:
        without("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return found


@dataclass(frozen=True)
class Server:
    """A server that a test may stop, start again and freeze."""

    url: str
    home: Path
    control: tuple[str, ...]
    options: str

    def start(self) -> None:
        _run(self.home, *self.control, "--log", f"{self.home}/log", "-o", self.options, "start")

    def stop(self) -> None:
        """At once, as by a crash."""
        _run(self.home, *self.control, "--mode", "immediate", "stop")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stopped within the block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of the server stopped: connections are accepted and stay open, and nothing answers."""
        master = int((self.home / "data" / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        processes = [master, *map(int, children)]
        _signal(processes, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(processes, signal.SIGCONT)

    def create_database(self, name: str) -> str:
        """An empty database's URL."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"{self.url.rpartition('/')[0]}/{name}"


@contextmanager
def running_server() -> Iterator[Server]:
    """An empty server; stopped, and its files removed, at the end."""
    bin_dir = _binaries()
    # Not in pytest's own directory, which no other account may enter.
    with tempfile.TemporaryDirectory(prefix="shop-postgres-") as home:
        account: list[str] = []
        if os.geteuid() == 0:
            account = ["runuser", "-u", ACCOUNT, "--"]
            shutil.chown(home, ACCOUNT)
        port = _free_port()
        _run(home, *account, f"{bin_dir}/initdb", "-D", f"{home}/data", "-U", "shop", "-A", "trust", "--no-sync")
        server = Server(
            url=f"postgresql://shop@127.0.0.1:{port}/postgres",
            home=Path(home),
            control=(*account, f"{bin_dir}/pg_ctl", "--pgdata", f"{home}/data", "--wait"),
            options=f"-p {port} -h 127.0.0.1 -k {home} -c fsync=off",
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _signal(processes: Iterable[int], number: int) -> None:
    for process in processes:
        os.kill(process, number)


def _run(home: str | Path, *command: str) -> None:
    subprocess.run(command, check=True, cwd=home, stdout=subprocess.DEVNULL, timeout=60)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])

"""A PostgreSQL server of its own for a test run: the installed one's binaries, a new cluster, a free loopback port."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ACCOUNT = "postgres"  # the server refuses to run as root


def binaries() -> Path | None:
    """Where initdb and pg_ctl are: on PATH, or where Debian puts them."""
    on_path = shutil.which("initdb")
    places = (
        [Path(on_path).resolve().parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    )
    return next((place for place in places if (place / "pg_ctl").exists()), None)


@contextmanager
def running_server(bin_dir: Path) -> Iterator[str]:
    """An empty server's SQLAlchemy URL; stopped, and its files removed, at the end."""
    # Not in pytest's own directory, which no other account may enter.
    with tempfile.TemporaryDirectory(prefix="shop-postgres-") as home:
        account: list[str] = []
        if os.geteuid() == 0:
            account = ["runuser", "-u", ACCOUNT, "--"]
            shutil.chown(home, ACCOUNT)
        port = _free_port()
        options = f"-p {port} -h 127.0.0.1 -k {home} -c fsync=off"
        control = [*account, f"{bin_dir}/pg_ctl", "--pgdata", f"{home}/data", "--wait"]
        _run(home, *account, f"{bin_dir}/initdb", "-D", f"{home}/data", "-U", "shop", "-A", "trust", "--no-sync")
        _run(home, *control, "--log", f"{home}/log", "-o", options, "start")
        try:
            yield f"postgresql://shop@127.0.0.1:{port}/postgres"
        finally:
            _run(home, *control, "--mode", "immediate", "stop")


def _run(home: str, *command: str) -> None:
    subprocess.run(command, check=True, cwd=home, stdout=subprocess.DEVNULL, timeout=60)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])

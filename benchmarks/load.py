"""Load from wrk: thousands of different requests over some connections, and how long they took."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.part import BenchError

SECONDS = 2
SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Load:
    """What a run of wrk found: latencies in milliseconds, answered requests a second."""

    median: float
    p99: float
    throughput: float


def put_load(port: int, requests: Path, connections: int, seconds: int | None = None) -> Load:
    """Ask for the requests in a file (see load.lua) again and again, each connection one at a time, for `seconds`.

    Without `seconds`, for SECONDS.

    Raises BenchError where wrk is not installed or a request failed.
    """
    program = shutil.which("wrk")
    if program is None:
        raise BenchError("wrk is not installed; Debian's package is wrk: apt-get install wrk")
    command = [program, "-t1", f"-c{connections}", f"-d{seconds or SECONDS}s", "-s", str(SCRIPT)]
    url = f"http://127.0.0.1:{port}"
    done = subprocess.run([*command, url, "--", str(requests)], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise BenchError(f"wrk ended with {done.returncode}: {done.stderr or done.stdout}")
    found = json.loads(done.stdout.splitlines()[-1])
    if found["failed"] or not found["requests"]:
        raise BenchError(f"{found['failed']} of {found['requests']} requests failed: {requests.name}")
    throughput = found["requests"] / found["microseconds"] * 1e6
    return Load(found["median"] / 1000, found["p99"] / 1000, throughput)

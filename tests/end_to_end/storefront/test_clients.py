"""The small clients do what their readers will do with them, through nginx: awkward ids, problems, retries, events."""

import json
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.end_to_end.storefront.conftest import ODD_IDS, Behind
from tests.support.missing import without
from tests.support.paths import ROOT
from tests.support.typescript import compile_strictly, generate_types

CLIENTS, HERE = ROOT / "examples" / "clients", Path(__file__).parent
IDS = list(ODD_IDS.values())
TIMEOUT_SECONDS = 120


class Busy(ThreadingHTTPServer):
    """A service that cannot answer just now: what reads succeeds when it asks again, what writes never does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), BusyHandler)
        self.asked: Counter[str] = Counter()


class BusyHandler(BaseHTTPRequestHandler):
    """Notes each request by its method."""

    server: Busy

    def do_GET(self) -> None:
        self.server.asked["GET"] += 1
        self._answer(503 if self.server.asked["GET"] == 1 else 200, {"items": [{"item_id": "back"}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked["POST"] += 1
        self._answer(503, {"detail": "busy"})

    def _answer(self, status: int, told: Any) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 503:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the parent's name
        pass


@contextmanager
def busy() -> Iterator[Busy]:
    with Busy() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def answers_of(storefront: Behind, *command: str) -> tuple[dict[str, Any], Counter[str]]:
    """What a scenario was answered, and how often it asked the busy service."""
    with busy() as server, socket.create_server(("127.0.0.1", 0)) as silent:
        urls = [f"http://127.0.0.1:{port}" for port in (server.server_address[1], silent.getsockname()[1])]
        arguments = [storefront.url, storefront.key, *urls, json.dumps(IDS)]
        ran = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
        assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
        answers: dict[str, Any] = json.loads(ran.stdout)
        return answers, server.asked


def check(storefront: Behind, name: str, *command: str) -> None:
    """What is known of the shop is what the client was answered."""
    answers, asked = answers_of(storefront, *command)
    assert answers == {
        "items": IDS,
        "bought_together": ["100% wool"],
        "viewed_together": ["%2F"],
        "narrowed": sorted(item_id for item_id in ("%2F", "100% wool")),
        "missing": ["gone/1"],
        "events": [1, [f"{name}-1"]],
        "recent": ["A/1"],
        "bad": [400, ["limit"]],
        "unknown": [404, []],
        "busy": ["back"],
        "events_when_busy": [503, []],
        "silent": [0, []],
    }
    assert asked == {"GET": 2, "POST": 1}


def put_together(directory: Path, ending: str) -> Path:
    """The client beside the scenario that drives it."""
    shutil.copy(CLIENTS / f"aisle.{ending}", directory)
    return Path(shutil.copy(HERE / f"scenario.{ending}", directory))


def test_python(storefront: Behind, tmp_path: Path) -> None:
    check(storefront, "python", sys.executable, str(put_together(tmp_path, "py")))


def test_php(storefront: Behind, tmp_path: Path) -> None:
    if shutil.which("php") is None:
        without("PHP is not installed")
    check(
        storefront,
        "php",
        "php",
        "-d",
        "error_reporting=-1",
        "-d",
        "display_errors=stderr",
        str(put_together(tmp_path, "php")),
    )


@pytest.mark.slow
def test_typescript(storefront: Behind, tmp_path: Path) -> None:
    generate_types(tmp_path)
    scenario = put_together(tmp_path, "ts")
    compile_strictly(tmp_path, "aisle.ts", scenario.name, emit=True)
    check(storefront, "typescript", "node", str(scenario.with_suffix(".js")))

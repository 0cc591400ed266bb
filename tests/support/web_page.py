"""Pages as a browser shows them: Debian's Chromium, without a window."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.support.missing import without

DEADLINE_SECONDS = 120
# What the browser's own clock waits for: it stands still while anything is on its way.
VIRTUAL_MILLISECONDS = 10_000


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the parent's name
        pass


@contextmanager
def site(directory: Path) -> Iterator[str]:
    """The files of a directory at an origin of their own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=directory)) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def shown(url: str, directory: Path) -> str:
    """The HTML of a page once its scripts have run; the browser's profile is kept in the directory."""
    program = shutil.which("chromium")
    if program is None:
        without("Chromium is not installed")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={directory}/profile"]
    options += ["--window-size=1600,1000", f"--virtual-time-budget={VIRTUAL_MILLISECONDS}", "--dump-dom"]
    ran = subprocess.run(
        [program, *options, url], capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout

"""Sets up the virtual environment that `make` uses, and says a line a step: `python3 tools/set_up.py .venv`.

It runs before anything is installed, so it needs Python alone; an old one has to get as far as being told so.
"""

from __future__ import annotations

import ctypes
import importlib
import re
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import TextIO

OLDEST = (3, 11)
LOCK = Path("requirements.lock")
POLL_SECONDS = 0.5
LINES_OF_A_FAILURE = 15


class SetUpError(Exception):
    """The environment cannot be set up; the message says what to do."""


def main(arguments: list[str]) -> int:
    """Set up the environment in the directory that is named; answer the exit code, 0 or 2."""
    environment, started = Path(arguments[0]), time.monotonic()
    try:
        _check_python()
        _say(f"creating the environment in {environment}")
        _run([sys.executable, "-m", "venv", str(environment)])
        _install(environment)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 2
    _say(f"done in {time.monotonic() - started:.0f} seconds")
    return 0


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def _check_python() -> None:
    _say(f"checking Python {sys.version.split()[0]}, its venv, and the OpenMP runtime libgomp")
    if sys.version_info < OLDEST:
        raise SetUpError(f"Aisle needs Python {'.'.join(map(str, OLDEST))} or newer: name one, as in PYTHON=python3.12")
    try:
        importlib.import_module("venv")
        importlib.import_module("ensurepip")
    except ImportError:
        raise SetUpError(
            "this Python cannot make virtual environments: install python3-venv (apt-get install python3-venv)"
        ) from None
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        raise SetUpError(
            "training needs the OpenMP runtime libgomp.so.1, which comes with gcc: install libgomp1 (Debian, Ubuntu) "
            "or libgomp (Fedora)"
        ) from None


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise SetUpError(done.stdout)


def _install(environment: Path) -> None:
    """Install what is locked, and say how far that is."""
    command = [str(environment / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
    # The lock names every package: without --no-deps pip would also look for the newest that fits a package's extras.
    command += ["--progress-bar", "off", "--no-deps", "--require-hashes", "-r", str(LOCK)]
    n_packages = len(re.findall(r"^[A-Za-z0-9][^ ]*==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603
    lines: Queue[str | None] = Queue()
    Thread(target=_hand_on, args=(process.stdout, lines), daemon=True).start()
    said = _follow(lines, Installation(environment, n_packages, Progress(sys.stdout)))
    if process.wait() != 0:
        raise SetUpError("".join(said[-LINES_OF_A_FAILURE:]))
    _run([str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "check"])


def _hand_on(output: TextIO, lines: Queue[str | None]) -> None:
    for line in output:
        lines.put(line)
    lines.put(None)


def _follow(lines: Queue[str | None], installation: Installation) -> list[str]:
    """Show the progress until pip is done; what pip said."""
    said: list[str] = []
    while True:
        try:
            line = lines.get(timeout=POLL_SECONDS)
        except Empty:
            installation.look()
            continue
        if line is None:
            installation.progress.end()
            return said
        said.append(line)
        installation.read(line)


class Installation:
    """How far pip is: what it says of downloads, and of the unpacking, of which it says nothing, what is there."""

    def __init__(self, environment: Path, n_packages: int, progress: Progress) -> None:
        self.progress = progress
        self._environment = environment
        self._n_packages = n_packages
        self._collected = self._unpacked = self._before = 0

    def read(self, line: str) -> None:
        """Take in a line of pip's."""
        word, _, rest = line.strip().partition(" ")
        if word == "Ignoring":  # it is for other systems
            self._n_packages -= 1
        elif word in {"Collecting", "Processing", "Requirement"}:
            if not self._collected:
                _say(f"installing {self._n_packages} packages, about 1 GB: a few minutes, once")
            self._collected += 1
            self.progress.show("downloading", self._collected, self._n_packages)
        elif word == "Installing":
            self._unpacked = rest.count(",") + 1
            self._before = self._installed()

    def look(self) -> None:
        """See how much is unpacked."""
        if self._unpacked:
            self.progress.show("unpacking", self._installed() - self._before, self._unpacked)

    def _installed(self) -> int:
        return len(list(self._environment.glob("lib/python*/site-packages/*.dist-info")))


class Progress:
    """Says how far a step is: on a terminal in a line that is written over, in a log a line for each tenth."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._over = out.isatty()
        self._shown: tuple[str, int] | None = None

    def show(self, step: str, done: int, total: int) -> None:
        if self._over:
            self._out.write(f"\r\x1b[Ksetup: {step} {done} of {total}")
        elif (step, tenth := 10 * done // max(total, 1)) != self._shown:
            self._shown = (step, tenth)
            self._out.write(f"setup: {step} {done} of {total}\n")
        self._out.flush()

    def end(self) -> None:
        if self._over:
            self._out.write("\r\x1b[K")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

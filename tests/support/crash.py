"""Runs a Python program and kills it at its Nth change to the store in ARTIFACTS_DIR.

    python -m tests.support.crash N -m module arguments...
    python -m tests.support.crash N script.py arguments...

A change is a file opened for writing, a directory made, a rename or a removal, under ARTIFACTS_DIR. The program
dies (SIGKILL) just before its Nth one; a file that is opened to be overwritten is two steps, before it is opened
and when it is opened but still empty. With N beyond the last change it runs to its end. An fsync is no step: what
a killed process wrote is there with or without it. What a C library writes by itself is not heard of.
"""

import itertools
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = {"os.rename": 2, "os.remove": 1, "os.mkdir": 2, "os.rmdir": 1}
"""Audit events by the position of their (first) dir_fd; the path is always the first argument."""


def crash_steps(arguments: Sequence[str], store: Path) -> Iterator[int]:
    """Run the program again and again, killed at its first, second, … step; yields each step after its kill.

    Each run finds the store as it was before the first one, so that no step is passed over; what the caller
    changes between two runs is undone too. Ends after the run that was not killed, which must have succeeded.
    """
    with tempfile.TemporaryDirectory() as directory:
        before = Path(directory) / "store"
        if store.exists():
            shutil.copytree(store, before)
        for step in itertools.count(1):
            shutil.rmtree(store, ignore_errors=True)
            if before.exists():
                shutil.copytree(before, store)
            run = run_until(step, arguments, store)
            if run.returncode != -signal.SIGKILL:
                assert run.returncode == 0, run.stderr
                return
            yield step


def run_until(step: int, arguments: Sequence[str], store: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", __name__, str(step), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "ARTIFACTS_DIR": str(store)},
        capture_output=True,
        text=True,
        check=False,
    )


class Countdown:
    """Counts the changes and kills the process at the last one it is given."""

    def __init__(self, steps: int, root: Path) -> None:
        self.left = steps
        self.root = root.resolve()

    def is_inside(self, path: str | bytes, dir_fd: int = -1) -> bool:
        folder = Path() if dir_fd == -1 else Path(f"/proc/self/fd/{dir_fd}")
        return (folder / os.fsdecode(path)).resolve().is_relative_to(self.root)

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            self.hear_open(*arguments)
        elif event in CHANGES and self.is_inside(arguments[0], arguments[CHANGES[event]]):
            self.step()

    def hear_open(self, path: str | bytes | int, mode: str | None, flags: int) -> None:
        if isinstance(path, int) or not flags & WRITING or not self.is_inside(path):
            return
        self.step()
        if mode and "w" in mode:
            if self.left == 1:
                self.left = -1  # this opening is heard too
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.kill(os.getpid(), signal.SIGKILL)
            self.step()


def main(steps: str, *program: str) -> None:
    countdown = Countdown(int(steps), Path(os.environ["ARTIFACTS_DIR"]))
    sys.path[0] = str(Path.cwd())
    sys.addaudithook(countdown.hear)
    if program[0] == "-m":
        sys.argv = list(program[1:])
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(program)
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Runs a Python program again and again, killed at its first change to the store in ARTIFACTS_DIR, at its second, …

    python -m tests.support.crash -m module arguments...
    python -m tests.support.crash script.py arguments...

Each line of the standard input holds the number of the change to die at; each line of the output the exit code. Every
run is a fork of this process, which has imported what the programs need: that costs a tenth of a fresh interpreter.

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
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import artifacts.__main__  # noqa: F401 - for the forks
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
        with _runner(arguments, store) as run:
            for step in itertools.count(1):
                shutil.rmtree(store, ignore_errors=True)
                if before.exists():
                    shutil.copytree(before, store)
                code = run(step)
                if code != -signal.SIGKILL:
                    assert code == 0, "what it wrote to the standard error tells why"
                    return
                yield step


@contextmanager
def _runner(arguments: Sequence[str], store: Path) -> Iterator[Callable[[int], int]]:
    """Runs the program to its Nth change, and answers its exit code."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__, *arguments],
        cwd=ROOT,
        env={**os.environ, "ARTIFACTS_DIR": str(store)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answered = process.stdin, process.stdout

        def run(step: int) -> int:
            print(step, file=asked, flush=True)
            return int(answered.readline())

        yield run


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


def main(*program: str) -> None:
    sys.path[0] = str(Path.cwd())
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(int(line), *program)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(steps: int, *program: str) -> NoReturn:
    """The program, in a process that ends with it."""
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the standard output is for exit codes
    countdown = Countdown(steps, Path(os.environ["ARTIFACTS_DIR"]))
    sys.addaudithook(countdown.hear)
    code: object = 0
    try:
        if program[0] == "-m":
            sys.argv = list(program[1:])
            runpy.run_module(program[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = list(program)
            runpy.run_path(program[0], run_name="__main__")
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Runs a Python program and kills it at its Nth change to the store in ARTIFACTS_DIR.

    python tests/crash.py N -m module arguments...
    python tests/crash.py N script.py arguments...

A change is a file opened for writing, a directory made, a rename, a removal or an fsync, under ARTIFACTS_DIR. The
program dies (SIGKILL) just before its Nth one; a file opened for writing is two steps, before it is opened and
when it is opened but still empty. With N beyond the last change it runs to its end.
"""

import io
import itertools
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = {"os.rename": 2, "os.remove": 1, "os.mkdir": 2, "os.rmdir": 1}
"""Audit events by the position of their (first) dir_fd; the path is always the first argument."""


def crash_steps(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[int]:
    """Run the program again and again, killed at its first, second, … step; yields each step after its kill.

    Ends after the run that was not killed, which must have succeeded.
    """
    for step in itertools.count(1):
        run = subprocess.run(
            [sys.executable, __file__, str(step), *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode != -signal.SIGKILL:
            assert run.returncode == 0, run.stderr
            return
        yield step


class Countdown:
    """Counts the changes and kills the process at the last one it is given."""

    def __init__(self, steps: int, root: Path) -> None:
        self.left = steps
        self.root = root.resolve()

    def is_inside(self, path: str | bytes | int, dir_fd: int = -1) -> bool:
        if isinstance(path, int):
            return self.is_inside(f"/proc/self/fd/{path}")
        folder = Path() if dir_fd == -1 else Path(f"/proc/self/fd/{dir_fd}")
        return (folder / os.fsdecode(path)).resolve().is_relative_to(self.root)

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hear(self, event: str, arguments: tuple) -> None:
        if event == "open":
            self.hear_open(*arguments)
        elif event in CHANGES and self.is_inside(arguments[0], arguments[CHANGES[event]]):
            self.step()

    def hear_open(self, path: str | bytes | int, mode: str | None, flags: int) -> None:
        if isinstance(path, int) or not flags & WRITING or not self.is_inside(path):
            return
        self.step()
        if self.left == 1:
            self.left = 0
            with io.FileIO(path, "a" if mode and "a" in mode else "w"):
                os.kill(os.getpid(), signal.SIGKILL)
        self.step()


def count_fsyncs(countdown: Countdown) -> None:
    """`os.fsync` tells no audit hook, so it is wrapped."""
    fsync = os.fsync

    def counted(descriptor: int) -> None:
        if countdown.is_inside(descriptor):
            countdown.step()
        fsync(descriptor)

    os.fsync = counted


def main(steps: str, *program: str) -> None:
    countdown = Countdown(int(steps), Path(os.environ["ARTIFACTS_DIR"]))
    sys.path[0] = str(Path.cwd())
    count_fsyncs(countdown)
    sys.addaudithook(countdown.hear)
    if program[0] == "-m":
        sys.argv = list(program[1:])
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(program)
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A file in the making: parts in a hidden directory beside it, which a later run can go on with.

.picks.csv.parts/run.json                    what is being written; a run that writes something else starts anew
.picks.csv.parts/000012-1000-9990-3-1        part 12, whole: numbers of users, picks, unknown users, without picks
.picks.csv.parts/000013.draft, whole.draft   being written; worthless after a crash
.picks.csv.parts/lock                        held by the run
"""

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from polars.exceptions import PolarsError

from artifacts.publishing.disk import told_of_full_disk, writing_to
from artifacts.publishing.durable import replace_text, sync
from training.errors import PicksError


@dataclass(frozen=True)
class Tally:
    """What stands in a part, or in all of them: `unknown` users got popular picks, `empty` ones none. Of a whole run
    also how many ids of its list were `repeated`, and how many of its rows `blank`."""

    users: int = 0
    picks: int = 0
    unknown: int = 0
    empty: int = 0
    repeated: int = 0
    blank: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.users + other.users,
            self.picks + other.picks,
            self.unknown + other.unknown,
            self.empty + other.empty,
        )


@dataclass(frozen=True)
class Parts:
    """The parts directory of one file. Parts may be added by several processes, in any order."""

    directory: Path

    def tallies(self) -> dict[int, Tally]:
        """What the whole parts hold, by number, in order."""
        return {number: tally for number, tally, _ in self._whole()}

    def add(self, number: int, tally: Tally, write: Callable[[IO[bytes]], object]) -> None:
        """Write a part: it is there whole, or not at all."""
        name = f"{number:06}-{tally.users}-{tally.picks}-{tally.unknown}-{tally.empty}"
        _place(self.directory / f"{number:06}.draft", self.directory / name, write)

    def finish(self, target: Path, join: Callable[[list[Path], IO[bytes]], object]) -> None:
        """Join the parts into the file, put it in its place at once, and remove the parts."""
        paths = [path for _, _, path in self._whole()]
        _place(self.directory / "whole.draft", target, lambda file: join(paths, file))
        shutil.rmtree(self.directory)

    def _whole(self) -> list[tuple[int, Tally, Path]]:
        found = []
        for path in self.directory.glob("*-*-*-*-*"):
            number, *tally = map(int, path.name.split("-"))
            found.append((number, Tally(*tally), path))
        return sorted(found, key=lambda part: part[0])


@contextmanager
def open_parts(target: Path, run: Mapping[str, Any]) -> Iterator[Parts]:
    """The parts of `target`: those of an unfinished `run` with just the same values, none otherwise.

    Raises PicksError where the file cannot be written, or another process is at it.
    """
    if target.is_dir():
        raise PicksError(f"{target}: is a directory")
    directory = target.with_name(f".{target.name}.parts")
    try:
        directory.mkdir(exist_ok=True)
    except OSError as error:
        raise PicksError(f"{target}: cannot be written: {error.strerror}: {directory.parent}") from error
    with _sole_writer(directory, target):
        with writing_to(directory):
            _clear(directory, json.dumps(run, sort_keys=True, indent=1))
        yield Parts(directory)


@contextmanager
def _sole_writer(directory: Path, target: Path) -> Iterator[None]:
    with (directory / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PicksError(f"{target}: is being written by another process") from error
        yield


def _clear(directory: Path, run: str) -> None:
    state = directory / "run.json"
    if state.exists() and state.read_text(encoding="utf-8") == run:
        stale = directory.glob("*.draft")
    else:
        stale = (path for path in directory.iterdir() if path.name != "lock")
    for path in stale:
        path.unlink()
    replace_text(state, run)


def _place(draft: Path, path: Path, write: Callable[[IO[bytes]], object]) -> None:
    try:
        with draft.open("wb") as file:
            write(file)
        sync(draft)
    except (OSError, PolarsError) as error:  # Polars hides a full disk in errors of its own
        told = told_of_full_disk(error, draft) or f"{draft}: cannot be written: {error}"
        raise PicksError(f"{told}: run again to go on") from error
    draft.replace(path)
    sync(path.parent)

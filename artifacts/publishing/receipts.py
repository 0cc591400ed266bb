"""What was verified, and how its files looked then: so that they are read once, not by every process that opens them.

A receipt holds the size, the inode and the times of each file of a version. Writing to a file, cutting, replacing or
copying it changes one of them, and nobody can set the time of an inode's last change. What a receipt does not show is
a disk that gives back other bytes than were written to it.
"""

import json
import os
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from artifacts.errors import ArtifactError
from artifacts.publishing.durable import locked, replace_text

Look = dict[str, list[int]]
"""By file name: size in bytes, inode, and the times of the content's and of the inode's last change, in ns."""


@dataclass(frozen=True)
class Receipts:
    """A directory with a receipt, `<version>.json`, for each version that was found good.

    They save time and decide nothing: where the directory is missing or may not be written, none are kept.
    """

    directory: Path

    def vouch_for(self, version: Path) -> bool:
        """Whether the files of the version in a directory of its name are still those that were found good."""
        try:
            return bool(json.loads(self._path(version.name).read_bytes()) == _look_at(version))
        except (OSError, ValueError):
            return False

    @contextmanager
    def of_verifying(self, version: str, directory: Path) -> Iterator[None]:
        """Leave a receipt for a version once the block has found its files good; take it back where they are not."""
        look = None
        with suppress(OSError):
            look = _look_at(directory)
        try:
            yield
        except ArtifactError:
            with suppress(OSError):
                self._path(version).unlink(missing_ok=True)
            raise
        with suppress(OSError):
            replace_text(self._path(version), json.dumps(look))

    @contextmanager
    def taking_turns(self) -> Iterator[None]:
        """Wait for the process that verifies now, whose receipt may save the work."""
        with ExitStack() as stack:
            with suppress(OSError):
                stack.enter_context(locked(self.directory / "lock"))
            yield

    def forget_all_but(self, versions: Collection[str]) -> None:
        """Remove the receipts of all other versions."""
        with suppress(OSError):
            for path in self.directory.glob("*.json*"):
                if path.name.partition(".")[0] not in versions:
                    path.unlink()

    def _path(self, version: str) -> Path:
        return self.directory / f"{version}.json"


def _look_at(directory: Path) -> Look:
    with os.scandir(directory) as entries:
        return {entry.name: _stamp(entry.stat(follow_symlinks=False)) for entry in entries}


def _stamp(stat: os.stat_result) -> list[int]:
    return [stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]

"""The versions on disk: drafted aside, published whole, pointed at by `current`, rolled back and pruned.

    <root>/versions/<version>/      published versions; never changed after their rename into place
    <root>/current                  the name of the version to serve
    <root>/drafts/<any>/version     versions in the making; those of dead processes are removed
    <root>/verified/<version>.json  receipts of versions that were found good; they save time and decide nothing
    <root>/lock                     held by whoever publishes, rolls back or prunes

Who reads only needs to read: a service may see the store on a read-only volume.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from artifacts.errors import (
    ArtifactError,
    BrokenVersionError,
    NoVersionError,
    UnknownVersionError,
    UnwritableStoreError,
)
from artifacts.publishing.disk import writing_to
from artifacts.publishing.durable import is_locked, locked, replace_text, sync
from artifacts.publishing.manifest import (
    FORMAT,
    Manifest,
    Provenance,
    is_version_name,
    read_manifest,
    version_name,
    write_manifest,
)
from artifacts.publishing.receipts import Receipts
from artifacts.publishing.verification import describe_files, verify

DEFAULT_KEEP = 5


@dataclass(frozen=True)
class Store:
    """The directory of all versions. It is made by the first draft; until then nothing is published."""

    root: Path

    def path(self, version: str) -> Path:
        """The directory of a published version. Raises UnknownVersionError."""
        directory = self._versions / version
        if not is_version_name(version) or not directory.is_dir():
            raise UnknownVersionError(f"{self.root}: there is no version {version!r}")
        return directory

    def versions(self) -> list[str]:
        """The names of all published versions, oldest first, whole or broken."""
        if not self._versions.is_dir():
            return []
        return sorted(path.name for path in self._versions.iterdir() if is_version_name(path.name))

    def current(self) -> str:
        """The version to serve.

        Raises NoVersionError where nothing is published, UnknownVersionError where the version pointed at is
        missing, BrokenVersionError where the pointer holds no version's name.
        """
        version = self._pointed_at()
        if not (self._versions / version).is_dir():
            raise UnknownVersionError(f"{self._pointer}: points at {version}, which is not in {self._versions}")
        return version

    def current_path(self) -> Path:
        """The directory of the version to serve. Raises as `current` does."""
        return self._versions / self.current()

    def verify(self, version: str) -> Manifest:
        """Read and check all of a published version, its name too. Raises as `path` and `verification.verify` do."""
        directory = self.path(version)
        with self._receipts.of_verifying(version, directory):
            manifest = verify(directory)
            if manifest.version != version:
                raise BrokenVersionError(directory, f"manifest.json: is of the version {manifest.version}")
        return manifest

    def check(self, version: str) -> None:
        """Verify a version that no receipt vouches for; of several processes one reads, the others wait for it.

        Raises as `verify` does.
        """
        directory = self.path(version)
        if self._receipts.vouch_for(directory):
            return
        with self._receipts.taking_turns():
            if not self._receipts.vouch_for(directory):
                self.verify(version)

    def check_writable(self) -> None:
        """See that a version can be written, before the long work of making one.

        Raises UnwritableStoreError, and DiskFullError.
        """
        try:
            with writing_to(self.root):
                self._prepare()
                with locked(self._lock):
                    self._new_holder().rmdir()
        except OSError as error:
            raise UnwritableStoreError(
                f"{self.root}: the store cannot be written to: {error.filename}: {error.strerror} (ARTIFACTS_DIR names "
                "its directory)"
            ) from error

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """An empty directory to fill and publish; removed on leaving unless it was published.

        Drafts that dead processes left behind are removed first. Raises DiskFullError, also in place of an error of
        whoever fills it.
        """
        self._prepare()
        with ExitStack() as stack:
            with locked(self._lock):
                self._remove_stale_drafts()
                holder = self._new_holder()
                stack.callback(shutil.rmtree, holder, ignore_errors=True)
                stack.enter_context(locked(holder / "lock"))
            directory = holder / "version"
            with writing_to(directory):
                directory.mkdir()
                yield directory

    def publish(self, draft: Path, provenance: Provenance) -> str:
        """Make a filled draft the current version and answer its name.

        It is described in a manifest, flushed to the disk, verified and renamed into place before `current`
        is swapped: a crash at any point leaves the last good version current. The very same files published
        again within the same second are the version that is already there.
        Raises BrokenVersionError where a file cannot be part of a version, DiskFullError where there is no room;
        `current` is then unchanged.
        """
        with locked(self._lock), writing_to(self.root):
            manifest = self._describe(draft, provenance)
            write_manifest(draft, manifest)
            for path in [*draft.iterdir(), draft]:
                sync(path)
            with self._receipts.of_verifying(manifest.version, draft):
                verify(draft)
            self._place(draft, manifest.version)
            self._point_at(manifest.version)
        return manifest.version

    def rollback(self, to: str | None = None) -> str:
        """Make an earlier version current and answer its name; nothing is removed.

        By default that is the nearest good one of those that were current before, see `_predecessors`; broken
        ones are passed over. `to` may be any version, also a later one.
        Raises NoVersionError where nothing (good) is there to go back to, and as `verify` does for `to`.
        """
        current = self._pointed_at() if to is None else self.path(to).name
        with locked(self._lock):
            version = self.verify(to).version if to is not None else self._last_good_before(current)
            if version is None:
                raise NoVersionError(f"{self.root}: there is no good version before {current}")
            self._point_at(version)
        return version

    def prune(self, keep: int) -> list[str]:
        """Remove all but the `keep` newest versions and answer the removed names, oldest first.

        The current version and the last good one before it stay whatever their age.
        Raises ValueError for a `keep` below 1, and as `current` does: without it nothing is known to be safe.
        """
        if keep < 1:
            raise ValueError(f"keep is {keep}, must be at least 1")
        self.current()
        with locked(self._lock):
            current = self.current()
            spared = {current, self._last_good_before(current), *self.versions()[-keep:]}
            pruned = [version for version in self.versions() if version not in spared]
            for version in pruned:
                self.path(version).rename(self._new_holder() / "version")
            self._remove_stale_drafts()
            self._receipts.forget_all_but(self.versions())
        return pruned

    @property
    def _versions(self) -> Path:
        return self.root / "versions"

    @property
    def _drafts(self) -> Path:
        return self.root / "drafts"

    @property
    def _receipts(self) -> Receipts:
        return Receipts(self.root / "verified")

    @property
    def _pointer(self) -> Path:
        return self.root / "current"

    @property
    def _lock(self) -> Path:
        return self.root / "lock"

    def _prepare(self) -> None:
        self._versions.mkdir(parents=True, exist_ok=True)
        self._drafts.mkdir(exist_ok=True)
        self._receipts.directory.mkdir(exist_ok=True)
        sync(self.root)
        sync(self.root.parent)

    def _new_holder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._drafts))

    def _remove_stale_drafts(self) -> None:
        for holder in self._drafts.iterdir():
            if not is_locked(holder / "lock"):
                shutil.rmtree(holder, ignore_errors=True)

    def _describe(self, draft: Path, provenance: Provenance) -> Manifest:
        files = describe_files(draft)
        try:
            previous = self.current()
        except ArtifactError:
            previous = None
        version = version_name(provenance.created, files)
        return Manifest(**vars(provenance), format=FORMAT, version=version, previous=previous, files=files)

    def _place(self, draft: Path, version: str) -> None:
        if (self._versions / version).exists():
            self.verify(version)
        else:
            draft.rename(self._versions / version)
            sync(self._versions)

    def _pointed_at(self) -> str:
        try:
            version = self._pointer.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            raise NoVersionError(f"{self.root}: no version is published") from None
        if not is_version_name(version):
            raise BrokenVersionError(self.root, f"current: holds {version!r}, which is no version's name")
        return version

    def _point_at(self, version: str) -> None:
        replace_text(self._pointer, version + "\n")

    def _last_good_before(self, version: str) -> str | None:
        for candidate in self._predecessors(version):
            try:
                return self.verify(candidate).version
            except ArtifactError:
                continue
        return None

    def _predecessors(self, version: str) -> Iterator[str]:
        """The versions to go back to, nearest first.

        Each took over from the next one, so that a version that was rolled back from is not gone back to;
        where that one is gone, or the manifest unreadable, the newest older one stands in.
        """
        versions = set(self.versions()) - {version}
        before = self._before(version, versions)
        while before is not None:
            yield before
            versions.remove(before)
            before = self._before(before, versions)

    def _before(self, version: str, candidates: set[str]) -> str | None:
        try:
            previous = read_manifest(self._versions / version).previous
        except ArtifactError:
            previous = None
        if previous in candidates:
            return previous
        return max((name for name in candidates if name < (previous or version)), default=None)

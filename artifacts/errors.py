"""What can be wrong with the store or with a version in it. Each message names the place and the fault."""

from pathlib import Path


class ArtifactError(Exception):
    """Base of every error about stored versions."""


class NoVersionError(ArtifactError):
    """Nothing is published, or nothing good is left to go back to."""


class UnknownVersionError(ArtifactError):
    """A version was named that is not in the store."""


class UnknownFormatError(ArtifactError):
    """A version was written in a format that this program does not read."""

    def __init__(self, directory: Path, found: object, known: int) -> None:
        super().__init__(f"{directory}: the version has format {found}, this program reads format {known}")
        self.found = found
        self.known = known


class BrokenVersionError(ArtifactError):
    """A version is not what its manifest says; `problems` holds one `file: what is wrong` each."""

    def __init__(self, directory: Path, *problems: str) -> None:
        super().__init__(f"{directory}: {'; '.join(problems)}")
        self.directory = directory
        self.problems = problems


class UnwritableStoreError(ArtifactError):
    """No version can be written to the store."""


class DiskFullError(ArtifactError):
    """There is no room for a file; the message names the disk and what is free on it."""

"""Whether a version on disk is exactly what its manifest says."""

import hashlib
from pathlib import Path

import numpy as np

from artifacts.errors import BrokenVersionError
from artifacts.publishing.manifest import MANIFEST_NAME, FileEntry, Manifest, files_hash, read_manifest


def describe_files(directory: Path) -> dict[str, FileEntry]:
    """An entry for each file of `directory` but the manifest, by name.

    Raises BrokenVersionError for what is no regular file (a version is flat) and for a .npy file that does
    not open by memory map, as one of Python objects.
    """
    paths = sorted(path for path in directory.iterdir() if path.name != MANIFEST_NAME)
    odd = [f"{path.name}: is no regular file" for path in paths if path.is_symlink() or not path.is_file()]
    if odd:
        raise BrokenVersionError(directory, *odd)
    return {path.name: _describe(path) for path in paths}


def _describe(path: Path) -> FileEntry:
    shape, dtype = _array_header(path) if path.suffix == ".npy" else (None, None)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(sha256=sha256, size=path.stat().st_size, shape=shape, dtype=dtype)


def _array_header(path: Path) -> tuple[tuple[int, ...], str]:
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError) as error:
        raise BrokenVersionError(path.parent, f"{path.name}: does not open as an array: {error}") from error
    return array.shape, array.dtype.str


def verify(directory: Path) -> Manifest:
    """Check every file of a version against its manifest: sizes, sha256, shapes and dtypes; reads them all.

    A file that the manifest does not list is a fault too: whatever a reader may find there was never checked.
    Raises BrokenVersionError with all that is wrong, UnknownFormatError for a format of another program.
    """
    manifest = read_manifest(directory)
    try:
        problems = _problems(directory, manifest)
    except OSError as error:
        problems = [f"{Path(error.filename).name}: cannot be read: {error.strerror}"]
    if problems:
        raise BrokenVersionError(directory, *problems)
    return manifest


def _problems(directory: Path, manifest: Manifest) -> list[str]:
    found = {path.name: path for path in directory.iterdir() if path.name != MANIFEST_NAME}
    problems = [f"{name}: is not in {MANIFEST_NAME}" for name in sorted(found.keys() - manifest.files.keys())]
    for name, entry in sorted(manifest.files.items()):
        problems += _compare(found[name], entry) if name in found else [f"{name}: is missing"]
    if not manifest.version.endswith(files_hash(manifest.files)):
        problems.append(f"{MANIFEST_NAME}: the files' hash is not the one in the version {manifest.version}")
    return problems


def _compare(path: Path, entry: FileEntry) -> list[str]:
    if path.is_symlink() or not path.is_file():
        return [f"{path.name}: is no regular file"]
    if path.stat().st_size != entry.size:
        return [f"{path.name}: has {path.stat().st_size} bytes, not {entry.size}"]
    try:
        found = _describe(path)
    except BrokenVersionError as error:
        return list(error.problems)
    pairs = {name: (getattr(found, name), getattr(entry, name)) for name in ("sha256", "shape", "dtype")}
    return [f"{path.name}: has {name} {has}, not {says}" for name, (has, says) in pairs.items() if has != says]

"""A version is read in full once; afterwards a receipt tells whether it is still the one that was."""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from artifacts.errors import BrokenVersionError
from artifacts.publishing.manifest import MANIFEST_NAME, Provenance
from artifacts.publishing.receipts import Receipts
from artifacts.publishing.store import Store
from tests.support.gunicorn_service import wait_for


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def publish(store: Store, minute: int) -> str:
    """A version whose files are of an earlier moment of the file system's clock than whatever comes next."""
    with store.draft() as draft:
        np.save(draft / "items.npy", np.zeros((50, 8), np.float32))
        (draft / "recipe.json").write_text("{}")
        version = store.publish(draft, Provenance(created=f"2026-01-01T00:{minute:02}:00Z"))
    await_next_tick(store.path(version))
    return version


def await_next_tick(directory: Path) -> None:
    newest = max(path.stat().st_ctime_ns for path in directory.iterdir())
    clock = directory.parent.parent / "clock"
    while True:
        clock.write_text("")
        if clock.stat().st_mtime_ns > newest:
            return


def receipts(store: Store) -> Receipts:
    return Receipts(store.root / "verified")


def vouched(store: Store, version: str) -> bool:
    return receipts(store).vouch_for(store.path(version))


def kept(store: Store) -> list[str]:
    return sorted(path.name for path in (store.root / "verified").iterdir())


def flip_a_bit(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))


def spoil_unseen(store: Store, version: str) -> None:
    """Let a file hold other bytes than were verified, as on a failing disk: nothing shows it."""
    directory = store.path(version)
    flip_a_bit(directory / "items.npy")
    with receipts(store).of_verifying(version, directory):
        pass


def flip_a_bit_and_hide_it(directory: Path) -> None:
    """As a copy that keeps times would."""
    path = directory / "items.npy"
    stat = path.stat()
    flip_a_bit(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def replace_by_another(directory: Path) -> None:
    np.save(directory / "other.npy", np.ones((50, 8), np.float32))
    (directory / "other.npy").replace(directory / "items.npy")


def lie_in_the_manifest(directory: Path) -> None:
    path = directory / MANIFEST_NAME
    path.write_text(path.read_text().replace('"dtype": "<f4"', '"dtype": "<i4"'))


CHANGES: dict[str, Callable[[Path], object]] = {
    "flipped": lambda directory: flip_a_bit(directory / "items.npy"),
    "flipped, with its time set back": flip_a_bit_and_hide_it,
    "truncated": lambda directory: os.truncate(directory / "items.npy", 130),
    "replaced": replace_by_another,
    "missing": lambda directory: (directory / "recipe.json").unlink(),
    "extra": lambda directory: (directory / "report.html").touch(),
    "manifest": lie_in_the_manifest,
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_after_publishing_is_found(store: Store, change: str) -> None:
    version = publish(store, 1)
    assert vouched(store, version)
    store.check(version)
    CHANGES[change](store.path(version))
    assert not vouched(store, version)
    for _ in range(2):
        with pytest.raises(BrokenVersionError):
            store.check(version)
    assert kept(store) == ["lock"], "no receipt of a version that is not good"


def test_a_version_that_is_vouched_for_is_not_read(store: Store) -> None:
    version = publish(store, 1)
    spoil_unseen(store, version)
    store.check(version)


def test_who_verifies_reads_all_and_withdraws_the_receipt_of_what_is_not_good(store: Store) -> None:
    version = publish(store, 1)
    spoil_unseen(store, version)
    for ask in (store.verify, store.check):
        with pytest.raises(BrokenVersionError, match=r"items\.npy: has sha256"):
            ask(version)


def test_who_waits_for_another_that_verifies_does_not_read_again(store: Store, tmp_path: Path) -> None:
    version = publish(store, 1)
    copy = Store(shutil.copytree(store.root, tmp_path / "copy"))
    with ThreadPoolExecutor(1) as other:
        with receipts(copy).taking_turns():
            waiting = other.submit(copy.check, version)
            wait_for(lambda: waits_for(copy.root / "verified" / "lock"))
            spoil_unseen(copy, version)
        waiting.result()


def waits_for(lock: Path) -> bool:
    """Whether somebody waits for a lock, as `-> FLOCK ADVISORY WRITE <pid> <device>:<inode> 0 EOF` says."""
    waiting = [line for line in Path("/proc/locks").read_text().splitlines() if "-> FLOCK" in line]
    return any(f":{lock.stat().st_ino} " in line for line in waiting)


def test_a_copy_is_verified_once(store: Store, tmp_path: Path) -> None:
    version = publish(store, 1)
    copy = Store(shutil.copytree(store.root, tmp_path / "copy"))
    assert not vouched(copy, version)
    copy.check(version)
    assert vouched(copy, version)
    assert vouched(store, version), "of its own files"


@pytest.mark.parametrize("spoilt", [b"", b"{", b"null", b"[]", b"{}", b"\xff"])
def test_a_spoilt_receipt_only_costs_time(store: Store, spoilt: bytes) -> None:
    version = publish(store, 1)
    (store.root / "verified" / f"{version}.json").write_bytes(spoilt)
    assert not vouched(store, version)
    store.check(version)
    assert vouched(store, version)


def test_a_store_without_receipts_works_as_well(store: Store) -> None:
    first = publish(store, 1)
    shutil.rmtree(store.root / "verified")
    store.check(first)
    assert not (store.root / "verified").exists(), "who reads makes nothing"
    flip_a_bit(store.path(first) / "items.npy")
    with pytest.raises(BrokenVersionError):
        store.check(first)
    assert vouched(store, publish(store, 2)), "who publishes does"


def test_a_rollback_leaves_a_receipt_and_pruning_removes_those_of_what_is_gone(store: Store) -> None:
    versions = [publish(store, minute) for minute in (1, 2, 3)]
    (store.root / "verified" / f"{versions[0]}.json").unlink()
    store.rollback(to=versions[0])
    assert vouched(store, versions[0])
    store.rollback(to=versions[2])
    (store.root / "verified" / f"{versions[0]}.json.new").write_text("cut short")
    store.prune(keep=1)
    assert kept(store) == [f"{version}.json" for version in versions[1:]]


def test_the_same_version_published_again_is_vouched_for_as_it_is_there(store: Store) -> None:
    version = publish(store, 1)
    assert publish(store, 1) == version
    assert vouched(store, version)

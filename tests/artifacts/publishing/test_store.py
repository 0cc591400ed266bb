"""The store: publishing, refusing, rolling back and pruning, on real files."""

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts.config import DEFAULT_DIRECTORY, artifacts_dir
from artifacts.errors import (
    ArtifactError,
    BrokenVersionError,
    NoVersionError,
    UnknownFormatError,
    UnknownVersionError,
)
from artifacts.publishing.manifest import FORMAT, MANIFEST_NAME, Provenance
from artifacts.publishing.store import Store
from artifacts.publishing.verification import verify

UNKNOWN = "20200101T000000Z-00000000"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def created(minute: int) -> str:
    return f"2026-01-01T00:{minute:02}:00Z"


def publish(store: Store, minute: int, value: float = 0.0) -> str:
    with store.draft() as draft:
        np.save(draft / "items.npy", np.full((5, 2), value, np.float32))
        (draft / "recipe.json").write_text("{}")
        return store.publish(draft, Provenance(created=created(minute), metrics={"ndcg@10": 0.5}))


def spoil(store: Store, version: str) -> None:
    path = store.path(version) / "items.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def drafts(store: Store) -> list[Path]:
    return list((store.root / "drafts").iterdir())


def edit_manifest(directory: Path, **fields: object) -> None:
    path = directory / MANIFEST_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


# Publishing


def test_a_published_version_is_current_and_described(store: Store) -> None:
    version = publish(store, 1)
    assert store.versions() == [version]
    assert store.current() == version
    assert store.current_path() == store.path(version) == store.root / "versions" / version
    assert (store.root / "current").read_text() == f"{version}\n"
    manifest = store.verify(version)
    assert (manifest.format, manifest.version, manifest.previous) == (FORMAT, version, None)
    assert manifest.metrics == {"ndcg@10": 0.5}
    assert sorted(manifest.files) == ["items.npy", "recipe.json"]
    entry, path = manifest.files["items.npy"], store.path(version) / "items.npy"
    assert (entry.shape, entry.dtype, entry.size) == ((5, 2), "<f4", path.stat().st_size)
    assert entry.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (manifest.files["recipe.json"].shape, manifest.files["recipe.json"].size) == (None, 2)


def test_the_name_tells_the_time_and_the_same_files_have_the_same_hash(store: Store) -> None:
    first, second, third = publish(store, 1, value=1), publish(store, 2, value=1), publish(store, 3, value=2)
    assert first.startswith("20260101T000100Z-")
    assert first[-8:] == second[-8:] != third[-8:]
    assert store.versions() == [first, second, third]


def test_each_version_names_the_one_it_took_over_from(store: Store) -> None:
    versions = [publish(store, minute) for minute in (1, 2, 3)]
    assert [store.verify(version).previous for version in versions] == [None, *versions[:2]]


def test_the_same_files_in_the_same_second_are_the_version_that_is_there(store: Store) -> None:
    version = publish(store, 1)
    publish(store, 2)
    assert publish(store, 1) == version == store.current()
    assert len(store.versions()) == 2
    assert store.verify(version).previous is None
    assert drafts(store) == []


def test_the_same_version_is_not_published_onto_a_spoilt_one(store: Store) -> None:
    version, current = publish(store, 1), publish(store, 2)
    spoil(store, version)
    with pytest.raises(BrokenVersionError, match=r"items\.npy: has sha256"):
        publish(store, 1)
    assert store.current() == current


def test_a_version_may_be_read_by_another_account(store: Store) -> None:
    directory = store.path(publish(store, 1))
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o777 & ~umask


def test_a_draft_that_is_not_published_is_removed(store: Store) -> None:
    with store.draft() as draft:
        (draft / "recipe.json").write_text("{}")
        assert draft.is_relative_to(store.root)
    with pytest.raises(RuntimeError, match="halfway"), store.draft() as draft:
        (draft / "recipe.json").write_text("{}")
        raise RuntimeError("halfway")
    assert drafts(store) == []
    assert store.versions() == []


def test_a_draft_in_the_making_survives_another_one(store: Store) -> None:
    with store.draft() as slow:
        (slow / "recipe.json").write_text("{}")
        publish(store, 2)
        version = store.publish(slow, Provenance(created=created(1)))
    assert store.current() == version


def test_all_is_on_the_disk_before_it_is_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut must find the files before their directory's name, and that before the pointer to it."""
    done: list[tuple[str, str]] = []
    fsync, rename, replace = os.fsync, Path.rename, os.replace

    def note_fsync(descriptor: int) -> None:
        done.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink().name))
        fsync(descriptor)

    def note_rename(path: Path, target: Path) -> Path:
        done.append(("rename", path.name))
        return rename(path, target)

    def note_replace(path: Path, target: Path) -> None:
        done.append(("replace", path.name))
        replace(path, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "rename", note_rename)
    monkeypatch.setattr(os, "replace", note_replace)
    publish(store, 1)
    shown = done.index(("rename", "version"))
    swapped = done.index(("replace", "current.new"))
    files = {("sync", name) for name in ("items.npy", "recipe.json", "manifest.json", "version")}
    assert files <= set(done[:shown])
    assert done[shown + 1 : swapped] == [("sync", "versions"), ("sync", "current.new")]
    assert done[swapped + 1 :] == [("sync", "store")]


def plant_objects(draft: Path) -> None:
    np.save(draft / "odd.npy", np.array([{}, None], dtype=object), allow_pickle=True)


def plant_truncated(draft: Path) -> None:
    np.save(draft / "odd.npy", np.zeros(1000))
    os.truncate(draft / "odd.npy", 500)


def plant_directory(draft: Path) -> None:
    (draft / "odd.npy").mkdir()


def plant_link(draft: Path) -> None:
    (draft / "odd.npy").symlink_to("items.npy")


@pytest.mark.parametrize("plant", [plant_objects, plant_truncated, plant_directory, plant_link])
def test_what_cannot_be_part_of_a_version_is_not_published(store: Store, plant: Callable[[Path], None]) -> None:
    current = publish(store, 1)
    with pytest.raises(BrokenVersionError, match=r"odd\.npy: "), store.draft() as draft:
        np.save(draft / "items.npy", np.zeros(3))
        plant(draft)
        store.publish(draft, Provenance(created=created(2)))
    assert store.versions() == [current] == [store.current()]
    assert drafts(store) == []


def test_a_metric_that_is_no_number_is_not_published(store: Store) -> None:
    current = publish(store, 1)
    with pytest.raises(ArtifactError, match=r"manifest\.json"), store.draft() as draft:
        store.publish(draft, Provenance(created=created(2), metrics={"ndcg@10": float("nan")}))
    assert store.versions() == [current] == [store.current()]


def test_publishing_mends_a_store_whose_pointer_is_lost(store: Store) -> None:
    first = publish(store, 1)
    (store.root / "current").unlink()
    second = publish(store, 2, value=2)
    assert store.current() == second
    assert store.rollback() == first


# Reading


def test_an_unused_store_is_empty_and_reading_makes_nothing(store: Store) -> None:
    assert store.versions() == []
    with pytest.raises(NoVersionError, match=f"{store.root}: no version is published"):
        store.current()
    with pytest.raises(NoVersionError):
        store.rollback()
    with pytest.raises(NoVersionError):
        store.prune(keep=1)
    assert not store.root.exists()


def test_a_pointer_to_a_missing_version_is_an_error(store: Store) -> None:
    first, second = publish(store, 1), publish(store, 2)
    shutil.rmtree(store.path(second))
    with pytest.raises(UnknownVersionError, match=f"current: points at {second}"):
        store.current()
    with pytest.raises(UnknownVersionError):
        store.prune(keep=1)
    assert store.rollback() == first


@pytest.mark.parametrize("content", [b"", b"latest\n", b"../../etc\n", b"\xff\xfe"])
def test_a_spoilt_pointer_is_an_error_and_can_be_set_again(store: Store, content: bytes) -> None:
    version = publish(store, 1)
    (store.root / "current").write_bytes(content)
    with pytest.raises(BrokenVersionError, match="current: holds"):
        store.current()
    assert store.rollback(to=version) == version == store.current()


def test_only_versions_are_listed(store: Store) -> None:
    version = publish(store, 1)
    (store.root / "versions" / "backup").mkdir()
    (store.root / "versions" / ".DS_Store").touch()
    assert store.versions() == [version]


@pytest.mark.parametrize("name", [UNKNOWN, "", ".", "..", "../drafts", "/"])
def test_an_unknown_version_is_an_error(store: Store, name: str) -> None:
    current = publish(store, 1)
    for ask in (store.path, store.verify, store.rollback):
        with pytest.raises(UnknownVersionError, match=r"no version"):
            ask(name)
    assert store.current() == current


# Verifying


def lie_about(field: str, value: object) -> Callable[[Path], None]:
    def lie(directory: Path) -> None:
        files = json.loads((directory / MANIFEST_NAME).read_text())["files"]
        files["items.npy"][field] = value
        edit_manifest(directory, files=files)

    return lie


def flip_a_bit(directory: Path) -> None:
    path = directory / "items.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def replace_by_link(directory: Path) -> None:
    (directory / "recipe.json").rename(directory.parent / "recipe.json")
    (directory / "recipe.json").symlink_to(directory.parent / "recipe.json")


def replace_by_text(directory: Path) -> None:
    (directory / "items.npy").write_bytes(b"x" * 168)


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "flipped": (flip_a_bit, "items.npy: has sha256 "),
    "truncated": (lambda directory: os.truncate(directory / "items.npy", 130), "items.npy: has 130 bytes, not 168"),
    "emptied": (lambda directory: os.truncate(directory / "items.npy", 0), "items.npy: has 0 bytes, not 168"),
    "missing": (lambda directory: (directory / "recipe.json").unlink(), "recipe.json: is missing"),
    "extra": (lambda directory: (directory / "report.html").touch(), "report.html: is not in manifest.json"),
    "folder": (lambda directory: (directory / "more").mkdir(), "more: is not in manifest.json"),
    "no manifest": (lambda directory: (directory / MANIFEST_NAME).unlink(), "manifest.json: cannot be read"),
    "shape": (lie_about("shape", [2, 5]), "items.npy: has shape (5, 2), not (2, 5)"),
    "dtype": (lie_about("dtype", "<i4"), "items.npy: has dtype <f4, not <i4"),
    "size": (lie_about("size", 1), "items.npy: has 168 bytes, not 1"),
    "sha256": (lie_about("sha256", "0" * 64), "items.npy: has sha256 "),
    "renamed": (lambda directory: edit_manifest(directory, version=UNKNOWN), "manifest.json: the files' hash"),
    "link": (replace_by_link, "recipe.json: is no regular file"),
    "not an array": (replace_by_text, "items.npy: does not open as an array"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_and_named(store: Store, fault: str) -> None:
    break_it, message = FAULTS[fault]
    version = publish(store, 1)
    break_it(store.path(version))
    with pytest.raises(BrokenVersionError) as caught:
        verify(store.path(version))
    assert any(problem.startswith(message) for problem in caught.value.problems), caught.value.problems
    assert str(store.path(version)) in str(caught.value)


def test_all_faults_are_named_at_once(store: Store) -> None:
    directory = store.path(publish(store, 1))
    flip_a_bit(directory)
    (directory / "recipe.json").unlink()
    (directory / "report.html").touch()
    with pytest.raises(BrokenVersionError) as caught:
        verify(directory)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "report.html",
        "items.npy",
        "recipe.json",
    ]


def test_a_version_under_another_name_is_broken(store: Store) -> None:
    version = publish(store, 1)
    copy = f"20260101T000200Z-{version[-8:]}"
    shutil.copytree(store.path(version), store.root / "versions" / copy)
    with pytest.raises(BrokenVersionError, match=f"is of the version {version}"):
        store.verify(copy)


def test_a_version_of_another_format_is_refused(store: Store) -> None:
    first, second = publish(store, 1), publish(store, 2)
    edit_manifest(store.path(first), format=FORMAT + 1)
    with pytest.raises(UnknownFormatError, match=f"format {FORMAT + 1}, .* format {FORMAT}"):
        store.rollback(to=first)
    assert store.current() == second


# Rolling back


def test_rollback_steps_back_one_by_one_and_removes_nothing(store: Store) -> None:
    versions = [publish(store, minute) for minute in (1, 2, 3)]
    assert store.rollback() == versions[1] == store.current()
    assert store.rollback() == versions[0] == store.current()
    with pytest.raises(NoVersionError, match=f"no good version before {versions[0]}"):
        store.rollback()
    assert store.current() == versions[0]
    assert store.versions() == versions


def test_rollback_may_name_any_version(store: Store) -> None:
    versions = [publish(store, minute) for minute in (1, 2, 3)]
    assert store.rollback(to=versions[0]) == versions[0] == store.current()
    assert store.rollback(to=versions[2]) == versions[2] == store.current()
    assert store.rollback() == versions[1]


def test_rollback_after_a_new_publish_passes_over_what_was_rolled_back_from(store: Store) -> None:
    good, bad = publish(store, 1), publish(store, 2)
    store.rollback()
    newest = publish(store, 3)
    assert store.current() == newest
    assert store.versions() == [good, bad, newest]
    assert store.rollback() == good


def test_rollback_passes_over_broken_versions(store: Store) -> None:
    versions = [publish(store, minute) for minute in (1, 2, 3, 4)]
    spoil(store, versions[2])
    (store.path(versions[1]) / MANIFEST_NAME).unlink()
    assert store.rollback() == versions[0]


def test_rollback_to_a_broken_version_changes_nothing(store: Store) -> None:
    first, second = publish(store, 1), publish(store, 2)
    spoil(store, first)
    with pytest.raises(BrokenVersionError, match=first):
        store.rollback(to=first)
    with pytest.raises(NoVersionError):
        store.rollback()
    assert store.current() == second


# Pruning


def test_prune_removes_the_oldest(store: Store) -> None:
    versions = [publish(store, minute) for minute in range(6)]
    assert store.prune(keep=4) == versions[:2]
    assert store.versions() == versions[2:]
    assert store.prune(keep=4) == []
    assert drafts(store) == []


def test_prune_spares_the_current_version_and_the_last_good_one_before_it(store: Store) -> None:
    versions = [publish(store, minute) for minute in range(6)]
    store.rollback(to=versions[3])
    spoil(store, versions[2])
    assert store.prune(keep=1) == [versions[0], versions[2], versions[4]]
    assert store.versions() == [versions[1], versions[3], versions[5]]
    assert store.rollback() == versions[1]


def test_a_pruned_version_stays_readable_to_who_has_it_open(store: Store) -> None:
    versions = [publish(store, minute, value=minute) for minute in range(3)]
    array = np.load(store.path(versions[0]) / "items.npy", mmap_mode="r")
    assert store.prune(keep=1) == versions[:1]
    np.testing.assert_array_equal(array, np.zeros((5, 2)))


def test_prune_keeps_at_least_one(store: Store) -> None:
    version = publish(store, 1)
    with pytest.raises(ValueError, match="keep is 0"):
        store.prune(keep=0)
    assert store.versions() == [version]


steps = st.lists(st.tuples(st.sampled_from(["publish", "rollback", "jump", "spoil"]), st.integers(0, 99)), max_size=10)


def run(store: Store, steps: list[tuple[str, int]]) -> None:
    for minute, (step, choice) in enumerate(steps, start=1):
        versions = store.versions()
        version = versions[choice % len(versions)]
        try:
            if step == "publish":
                publish(store, minute)
            elif step == "rollback":
                store.rollback()
            elif step == "jump":
                store.rollback(to=version)
            else:
                spoil(store, version)
        except ArtifactError:
            continue


def rollback_of(store: Store) -> str | None:
    """Where a rollback would lead, tried on a copy."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "store"
        shutil.copytree(store.root, copy)
        try:
            return Store(copy).rollback()
        except NoVersionError:
            return None


@settings(max_examples=20, deadline=None)
@given(steps=steps, keep=st.integers(1, 4))
def test_prune_changes_neither_the_current_version_nor_where_a_rollback_leads(
    steps: list[tuple[str, int]], keep: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = Store(Path(directory))
        publish(store, 0)
        run(store, steps)
        before, current, way_back = store.versions(), store.current(), rollback_of(store)
        pruned = store.prune(keep)
        assert store.current() == current
        assert rollback_of(store) == way_back
        spared = {current, way_back, *before[-keep:]} - {None}
        assert set(store.versions()) == spared
        assert pruned == [version for version in before if version not in spared]


# Where it is


def test_the_setting_names_the_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", "elsewhere")
    assert artifacts_dir({"ARTIFACTS_DIR": str(tmp_path)}) == tmp_path
    assert artifacts_dir({"ARTIFACTS_DIR": ""}) == DEFAULT_DIRECTORY
    assert artifacts_dir({}) == DEFAULT_DIRECTORY
    assert DEFAULT_DIRECTORY.parts[-2:] == ("artifacts", "store")

"""The manifest: what is written is read back, and what is not a manifest is refused by name."""

import json
import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts.errors import ArtifactError, BrokenVersionError, UnknownFormatError
from artifacts.publishing.manifest import (
    FORMAT,
    MANIFEST_NAME,
    FileEntry,
    Manifest,
    Provenance,
    files_hash,
    parse_created,
    read_manifest,
    version_name,
    write_manifest,
)

FILES = {
    "items.npy": FileEntry(sha256="a" * 64, size=1728, shape=(50, 8), dtype="<f4"),
    "recipe.json": FileEntry(sha256="b" * 64, size=2),
}
MANIFEST = Manifest(
    created="2026-01-02T03:04:05Z",
    data={"source": "orders.csv", "n_users": 3},
    configuration={"model": {"factors": 8}},
    libraries={"numpy": "2.4"},
    git_commit="0" * 40,
    cleaning=(("rows read", 10), ("no user", 2)),
    metrics={"ndcg@10": 0.25},
    seconds={"factors": 1.5},
    format=FORMAT,
    version="20260102T030405Z-0123abcd",
    previous=None,
    files=FILES,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(texts, values, max_size=3),
    max_leaves=10,
)
json_objects = st.dictionaries(texts, json_values, max_size=4)
counts = st.integers(min_value=0, max_value=2**62)
hex_digits = st.sampled_from("0123456789abcdef")
file_names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20
).filter(lambda name: name not in {".", "..", MANIFEST_NAME})
entries = st.builds(
    FileEntry,
    sha256=st.text(hex_digits, min_size=64, max_size=64),
    size=counts,
    shape=st.none() | st.lists(counts, max_size=3).map(tuple),
    dtype=st.none() | st.text(string.printable, max_size=5),
)
versions = st.from_regex(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}", fullmatch=True)
manifests = st.builds(
    Manifest,
    created=st.datetimes().map(lambda time: f"{time.isoformat()}Z"),
    data=json_objects,
    configuration=json_objects,
    libraries=st.dictionaries(texts, texts, max_size=3),
    git_commit=st.none() | texts,
    cleaning=st.lists(st.tuples(texts, counts), max_size=3).map(tuple),
    metrics=json_objects,
    seconds=st.dictionaries(texts, st.floats(min_value=0, max_value=1e9), max_size=3),
    format=st.just(FORMAT),
    version=versions,
    previous=st.none() | versions,
    files=st.dictionaries(file_names, entries, max_size=3),
)


@settings(max_examples=30)  # each takes long to make
@given(manifests)
def test_a_written_manifest_is_read_back(manifest: Manifest) -> None:
    with tempfile.TemporaryDirectory() as directory:
        write_manifest(Path(directory), manifest)
        assert read_manifest(Path(directory)) == manifest


def test_it_is_json_for_people_too(tmp_path: Path) -> None:
    write_manifest(tmp_path, MANIFEST)
    text = (tmp_path / MANIFEST_NAME).read_text(encoding="utf-8")
    content = json.loads(text)
    assert text == json.dumps(content, indent=2, sort_keys=True) + "\n"
    assert content["files"]["items.npy"] == {
        "sha256": "a" * 64,
        "size": 1728,
        "shape": [50, 8],
        "dtype": "<f4",
    }
    assert content["cleaning"] == [["rows read", 10], ["no user", 2]]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_json_cannot_hold_is_refused(tmp_path: Path, value: object) -> None:
    manifest = Manifest(**{**vars(MANIFEST), "metrics": {"ndcg@10": value}})
    with pytest.raises(ArtifactError, match=r"manifest\.json: cannot be written"):
        write_manifest(tmp_path, manifest)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("other", [0, 2, 17, "1", None])
def test_another_format_is_refused_naming_both(tmp_path: Path, other: object) -> None:
    (tmp_path / MANIFEST_NAME).write_text(json.dumps({"format": other, "anything": "else"}))
    with pytest.raises(UnknownFormatError, match=f"format {other}, .* reads format {FORMAT}"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[1]", "1", "{}", "\x00", "[" * 100_000], ids=lambda text: repr(text[:5]))
def test_what_is_no_manifest_is_broken(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST_NAME).write_text(content)
    with pytest.raises(BrokenVersionError, match=r"manifest\.json: "):
        read_manifest(tmp_path)


def test_a_missing_manifest_is_broken(tmp_path: Path) -> None:
    with pytest.raises(BrokenVersionError, match=r"manifest\.json: cannot be read: .*No such file"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", "latest"),
        ("version", "20260102T030405Z-0123abcd/.."),
        ("created", "yesterday"),
        ("created", "2026-01-02T03:04:05"),
        ("created", "2026-01-02T03:04:05+01:00"),
        ("files", {"../current": {"sha256": "a" * 64, "size": 1, "shape": None, "dtype": None}}),
        ("files", {"manifest.json": {"sha256": "a" * 64, "size": 1, "shape": None, "dtype": None}}),
        ("files", {"a.npy": {"sha256": "a" * 63, "size": 1, "shape": None, "dtype": None}}),
        ("files", {"a.npy": {"sha256": "a" * 64, "size": -1, "shape": None, "dtype": None}}),
        ("files", {"a.npy": {"sha256": "a" * 64, "size": 1, "shape": [2, -1], "dtype": "<f4"}}),
        ("seconds", {"factors": "1.5"}),
        ("cleaning", [["no user"]]),
        ("surprise", 1),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, field: str, value: object) -> None:
    write_manifest(tmp_path, MANIFEST)
    path = tmp_path / MANIFEST_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(BrokenVersionError) as caught:
        read_manifest(tmp_path)
    assert all(problem.startswith(f"manifest.json: {field}") for problem in caught.value.problems)
    assert str(tmp_path) in str(caught.value)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_text(json.dumps({"format": FORMAT}))
    with pytest.raises(BrokenVersionError) as caught:
        read_manifest(tmp_path)
    named = {problem.split(": ")[1] for problem in caught.value.problems}
    assert named == {"created", "version", "previous", "files"}


def test_the_name_is_the_time_and_the_content() -> None:
    name = version_name("2026-01-02T03:04:05.678+00:00", FILES)
    assert name == f"20260102T030405Z-{files_hash(FILES)}"
    assert files_hash(FILES) == files_hash(dict(reversed(FILES.items())))
    entry = FILES["items.npy"]
    assert files_hash(FILES) != files_hash({**FILES, "items.npy": FileEntry(sha256="c" * 64, size=entry.size)})
    assert files_hash({"a": entry}) != files_hash({"b": entry})


def test_only_utc_is_a_time_of_creation() -> None:
    assert parse_created("2026-01-02T03:04:05Z").hour == 3
    with pytest.raises(ValueError, match="UTC"):
        parse_created("2026-01-02T03:04:05")


def test_provenance_needs_only_a_time() -> None:
    assert Provenance(created="2026-01-02T03:04:05Z").metrics == {}

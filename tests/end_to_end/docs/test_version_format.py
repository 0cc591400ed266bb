"""Every file of a version has the name, the shape and the type that its page says, and no other is there."""

import re

import numpy as np

from artifacts.publishing.manifest import FORMAT, read_manifest
from artifacts.publishing.store import Store
from tests.support.documents import code, first_codes, page, rows

FORMAT_PAGE = page("version-format")
# An approximate index is of large shops, and co-views are of those whose data has views.
SOMETIMES = {
    "index.faiss",
    *(f"co_views.{name}.npy" for name in ("indptr", "items", "score", "support", "confidence", "lift")),
}


def test_format_number() -> None:
    assert f"\nFormat {FORMAT}. " in FORMAT_PAGE.text


def test_files(tiny_store: Store) -> None:
    """The tiny shop's numbers of users, items, … are all different, so that each dimension says which it is."""
    manifest = read_manifest(tiny_store.current_path())
    said = {code(row[0])[0]: (row[1], row[2]) for row in rows(FORMAT_PAGE.section("## Files"), "file")}
    files = dict(manifest.files)
    assert files.keys() | {"manifest.json"} <= said.keys()
    assert said.keys() - files.keys() - {"manifest.json"} == SOMETIMES
    sizes = {"n_users": int(manifest.data["n_users"]), "n_items": int(manifest.data["n_items"])}
    arrays = {name: entry for name, entry in files.items() if entry.shape is not None}
    assert [name for name in files if said[name] == ("–", "–")] == [name for name in files if name not in arrays]
    for name, entry in arrays.items():
        assert np.dtype(entry.dtype).name == said[name][1], name
        for dimension, size in zip(dimensions(said[name][0]), entry.shape or (), strict=True):
            if named := re.fullmatch(r"(n_\w+)( \+ 1)?", dimension):
                sizes.setdefault(named[1], size - bool(named[2]))
    for name, entry in arrays.items():
        assert tuple(value(dimension, sizes) for dimension in dimensions(said[name][0])) == entry.shape, name


def dimensions(shape: str) -> list[str]:
    return [part.strip() for part in shape.strip("()").split(",") if part.strip()]


def value(dimension: str, sizes: dict[str, int]) -> int:
    """What a dimension comes to: `n_users + 1`, `2 n_factors + 2`, `32`."""
    total = 0
    for term in dimension.split(" + "):
        product = 1
        for factor in term.split():
            product *= int(factor) if factor.isdecimal() else sizes[factor]
        total += product
    return total


def test_the_store(tiny_store: Store) -> None:
    said = {name.partition("/")[0] for name in first_codes(FORMAT_PAGE.section("## The store"), "path")}
    assert said == {path.name for path in tiny_store.root.iterdir()}

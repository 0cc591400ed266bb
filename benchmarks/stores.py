"""The published versions that are measured: shops of three sizes, made once and kept."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from artifacts.errors import ArtifactError
from artifacts.model.arrays import save_arrays
from artifacts.model.model import open_model
from artifacts.model.quickscorer import no_forest
from artifacts.publishing.manifest import FORMAT, MANIFEST_NAME, REPORT_NAME, Provenance, read_manifest
from artifacts.publishing.store import Store
from benchmarks.part import Bench, BenchError

SIZES = ("S", "M", "L")
SAMPLE_SHOP = "the sample shop"


def find_store(bench: Bench, size: str) -> Store:
    """The store whose current version is the shop of a size; made where it is not there yet, which takes a while.

    Raises BenchError where the training of S fails.
    """
    if size == "S":
        return _trained(bench)
    from benchmarks.shops import make_shop  # noqa: PLC0415  # S needs no generator

    return Store(make_shop(size, bench.directory))


def describe_shop(store: Store) -> dict[str, object]:
    """What the current version of a store was trained on."""
    model = open_model(store.current_path())
    return {
        "version": model.version,
        "source": Path(str(model.manifest.data.get("source", "unknown"))).name,
        "users": len(model.user_ids),
        "items": len(model.item_ids),
        "interactions": len(model.history.items),
        "factors": model.recipe.n_factors,
        "trees": len(model.forest),
    }


def without_ranker(store: Store, directory: Path) -> Store:
    """A store in `directory` with the current version as it would be without its ranker; `store` if it has none."""
    current = store.current_path()
    model = open_model(current)
    if len(model.forest) == 0:
        return store
    copy = Store(directory)
    with copy.draft() as draft:
        link_files(current, draft, except_for=("forest.", "items.masks."))
        save_arrays(draft, "forest", no_forest())
        np.save(draft / "items.masks.npy", np.empty((len(model.item_ids), 0), np.uint32))
        copy.publish(draft, provenance(current))
    return copy


def link_files(version: Path, draft: Path, except_for: tuple[str, ...] = ()) -> None:
    """Put a published version's files into a draft, but for its manifest, its report and names that start so."""
    for path in version.iterdir():
        if not path.name.startswith((MANIFEST_NAME, REPORT_NAME, *except_for)):
            os.link(path, draft / path.name)


def provenance(version: Path, **changed: object) -> Provenance:
    """Where a published version comes from, with some of it changed."""
    manifest = read_manifest(version)
    known: Mapping[str, object] = {field.name: getattr(manifest, field.name) for field in fields(Provenance)}
    return Provenance(**{**known, **changed})  # type: ignore[arg-type]


def _trained(bench: Bench) -> Store:
    """S: the version trained on the benchmark's data, again only where that or the format has changed."""
    if bench.store is not None:
        return Store(bench.store)
    store = Store(bench.directory / f"S-{_fingerprint(bench)}")
    try:
        open_model(store.current_path())
    except ArtifactError:
        _train(bench, store)
    return store


def _fingerprint(bench: Bench) -> str:
    digest = hashlib.sha256(f"{FORMAT} {bench.data}".encode())
    if bench.config is not None:
        digest.update(bench.config.read_bytes())
    if bench.data is not None and (source := Path(bench.data)).is_file():
        digest.update(f"{source.stat().st_size} {source.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:8]


def _train(bench: Bench, store: Store) -> None:
    command = [sys.executable, "-m", "training", "train"]
    command += ["--data", bench.data] if bench.data else []
    command += ["--config", str(bench.config)] if bench.config else []
    environment = {**os.environ, "ARTIFACTS_DIR": str(store.root)}
    if subprocess.run(command, env=environment, check=False).returncode != 0:  # noqa: S603
        raise BenchError(f"training on {bench.data or SAMPLE_SHOP} failed")

"""More versions of a store for tests: the same files, published again as of another time."""

import shutil
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

from artifacts.publishing.manifest import MANIFEST_NAME, REPORT_NAME, Provenance, parse_created, read_manifest
from artifacts.publishing.store import Store


def copy_of(store: Store, root: Path) -> Store:
    """A store of one's own to change."""
    shutil.copytree(store.root, root)
    return Store(root)


def publish_again(
    store: Store, hours: int, more: Mapping[str, bytes] | None = None, source: Store | None = None
) -> str:
    """Publish the current version's files (of `source`, if named) without its report, and `more`, as if trained `hours`
    later."""
    current = (source or store).current_path()
    manifest = read_manifest(current)
    known = {field.name: getattr(manifest, field.name) for field in fields(Provenance)}
    created = (parse_created(manifest.created) + timedelta(hours=hours)).isoformat()
    with store.draft() as draft:
        for path in current.iterdir():
            if path.name not in {MANIFEST_NAME, REPORT_NAME}:
                shutil.copy(path, draft)
        for name, content in (more or {}).items():
            (draft / name).write_bytes(content)
        return store.publish(draft, Provenance(**{**known, "created": created}))


def corrupt(store: Store, version: str) -> None:
    """Turn one bit in a file of a published version."""
    path = store.path(version) / "users.factors.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.unlink()
    path.write_bytes(content)

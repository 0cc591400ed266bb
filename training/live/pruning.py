"""Which events of the live store are no longer needed."""

from artifacts.model.half_lives import SECONDS_PER_DAY
from artifacts.publishing.manifest import read_manifest
from artifacts.publishing.store import Store
from training.live.connection import open_live


def prune_live(store: Store, url: str, keep_days: int, moment: float) -> int:
    """Delete the events that came more than `keep_days` before `moment` (Unix seconds) and that every version in the
    store has read, so that whichever is served, also after a rollback, has missed nothing; answers how many.

    Raises ArtifactError where a version cannot say what it has read, DataError where the live store cannot be used.
    """
    if keep_days == 0:
        return 0
    with open_live(url) as live:
        read_up_to = min(_read_by(store, version, live.name) for version in store.versions())
        return live.prune(moment - keep_days * SECONDS_PER_DAY, read_up_to) if read_up_to else 0


def _read_by(store: Store, version: str, name: str) -> int:
    """The number of the last event that a version was trained with; 0 where it has read no, or another, live store."""
    data = read_manifest(store.path(version)).data
    return int(data["live_seq"]) if data.get("live", {}).get("store") == name else 0

"""What the live store says of items, laid over the version that a worker serves."""

from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from threading import Lock

from artifacts.live.errors import LiveUnavailableError
from artifacts.live.overlay import Overlay, no_changes
from artifacts.live.store import LiveStore
from artifacts.model.model import Model


@dataclass(frozen=True, slots=True)
class OverlaidModel:
    """A version with the changes since its training; `tag` changes with whatever those change, and is the same in every
    worker that read the same changes, in whatever portions."""

    model: Model
    tag: str


class LiveItems:
    """Follows the live store's changes of items, for all threads of a worker; without a store there are none."""

    def __init__(self, store: LiveStore | None) -> None:
        self._store = store
        self._overlay: Overlay | None = None
        self._lock = Lock()

    def read(self, version: Model) -> Overlay | None:
        """A version with all changes since it was trained, to be used; None where the store cannot be read."""
        since_training = no_changes(version)
        if self._store is not None:
            try:
                changes = self._store.changes_since(since_training.up_to)
                since_training.add_items(changes.items, changes.last)
                events = self._store.item_events_since(since_training.up_to)
                since_training.add_events(takewhile(lambda event: event.seq <= changes.up_to, events))
            except LiveUnavailableError:
                return None
            since_training.up_to = changes.up_to
        return Overlay(version, since_training)

    def use(self, version: Model, overlay: Overlay | None) -> OverlaidModel:
        """Follow for another version from now on, `overlay` being what was read of it.

        Where that could not be, with the changes since the version before it was trained.
        """
        with self._lock:
            known = self._overlay.since_training if self._overlay else no_changes(version)
            overlay = overlay or Overlay(version, known)
            with suppress(LiveUnavailableError):
                self._catch_up(overlay)
            self._overlay = overlay
            return _overlaid(overlay)

    def follow(self, last: int) -> None:
        """Read what is new, the store's last number being `last`. Raises LiveUnavailableError."""
        with self._lock:
            overlay = self._overlay
            if overlay is None:
                return
            if (
                overlay.since_training.since != overlay.opened.live_seq or last < overlay.since_training.up_to
            ):  # an older backup, then
                self._overlay = self.read(overlay.opened) or overlay
            elif overlay.since_training.up_to < last:
                self._catch_up(overlay)

    @property
    def overlaid(self) -> OverlaidModel | None:
        """The version that is used, with the changes by now."""
        with self._lock:
            return _overlaid(self._overlay) if self._overlay else None

    def _catch_up(self, overlay: Overlay) -> None:
        if self._store is None:
            return
        since_training = overlay.since_training
        changes = self._store.changes_since(since_training.up_to)
        events = self._store.item_events_since(since_training.up_to)
        # In a list first: what broke off has changed nothing, and is read again.
        known = [*takewhile(lambda event: event.seq <= changes.up_to, events)]
        overlay.add(changes.items, known, changes.up_to, changes.last)


def _overlaid(overlay: Overlay) -> OverlaidModel:
    version, since_training = overlay.opened.version, overlay.since_training
    return OverlaidModel(
        overlay.model,
        f"{version}-{since_training.since}-{since_training.changed}" if since_training.changed else version,
    )

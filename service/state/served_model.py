"""The version a worker serves, and how it follows the store."""

from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic

from artifacts.core.machine_code import processor_level
from artifacts.errors import ArtifactError, NoVersionError
from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from service.http.errors import NoModelError
from service.state.live_items import LiveItems
from service.state.refusals import Refusals
from service.telemetry.log import write_line
from service.telemetry.metrics import observe_behind, observe_core, observe_refusal, observe_reload

POLL_SECONDS = 1.0
POINTER = "current"
# To verify a large version that no receipt vouches for takes longer, and gunicorn kills a worker that does not start.
START_SECONDS = 10.0


@dataclass(frozen=True)
class ServedVersion:
    """An opened version, with what the live store said since laid over it, and where it lies. A request holds one from
    start to end. `tag` changes with whatever changes the answers about items."""

    model: Model
    tag: str
    directory: Path


class ServedModel:
    """Serves what `current` points at, once that verified; until then, and otherwise, what it served before.

    A version that is swapped out stays mapped until the last request that holds it ends.
    """

    def __init__(self, store: Store, live_items: LiveItems) -> None:
        self._store = store
        self._live_items = live_items
        self._swapping = Lock()
        self._served: ServedVersion | None = None
        self._pointed_at: str | None = None
        self._refusals = Refusals()  # forgotten when another version becomes current
        self._looked = Event()
        self._stopping = Event()

    @property
    def served(self) -> ServedVersion:
        """The version to answer from. Raises NoModelError."""
        served = self._served
        if served is None:
            raise NoModelError("no model is published yet")
        return served

    def start(self) -> None:
        """Open what is published and follow the store, in a thread of its own; returns when there is something to
        answer from or nothing good is published, or else after START_SECONDS."""
        Thread(target=self._follow, name="served-model", daemon=True).start()
        self._looked.wait(START_SECONDS)

    def stop(self) -> None:
        """Follow the store no longer."""
        self._stopping.set()

    def refresh(self) -> None:
        """Take up the current version where it is another one and good.

        With nothing to serve yet, a bad current version is stood in for by the newest good one before it.
        """
        try:
            current = self._store.current()
        except (ArtifactError, OSError, ValueError) as error:
            self._refuse(POINTER, error)
            observe_behind(not isinstance(error, NoVersionError))
            return
        self._refusals.forget(POINTER)
        if current != self._pointed_at:
            self._pointed_at = current
            self._refusals.forget()
        if not self._take_up(current) and self._served is None:
            earlier = [version for version in self._store.versions() if version < current]
            any(self._take_up(version) for version in reversed(earlier))
        observe_behind(self._served is None or self._served.model.version != current)

    def follow_items(self) -> None:
        """Serve the same version with what the live store says by now."""
        with self._swapping:
            served, overlaid = self._served, self._live_items.overlaid
            if served is None or overlaid is None:
                return
            if served.model is not overlaid.model or served.tag != overlaid.tag:
                self._served = replace(served, model=overlaid.model, tag=overlaid.tag)

    def _follow(self) -> None:
        self._refresh_whatever_happens()
        self._looked.set()
        while not self._stopping.wait(POLL_SECONDS):
            self._refresh_whatever_happens()

    def _refresh_whatever_happens(self) -> None:
        """The thread lives on: without it, no version is ever taken up again."""
        try:
            self.refresh()
        except Exception as error:
            self._refuse(POINTER, error)

    def _take_up(self, version: str) -> bool:
        """Serve a version; whether it is served now."""
        if self._served is not None and self._served.model.version == version:
            return True
        if self._refusals.holds(version, monotonic()):
            return False
        try:
            self._store.check(version)
            opened = open_model(self._store.path(version))
            overlay = self._live_items.read(opened)
            with self._swapping:
                overlaid = self._live_items.use(opened, overlay)
                self._swap(ServedVersion(overlaid.model, overlaid.tag, self._store.path(version)))
        # Whatever is wrong with a new version, the old one is served on.
        except Exception as error:
            self._refuse(version, error)
            return False
        self._refusals.forget(version)
        return True

    def _swap(self, served: ServedVersion) -> None:
        previous = self._served.model.version if self._served else None
        self._served = served
        manifest = served.model.manifest
        observe_reload(manifest.version, manifest.created, previous)
        observe_core(processor_level())
        write_line(event="model_served", model_version=manifest.version, previous=previous)

    def _refuse(self, version: str, error: Exception) -> None:
        """Say once why a version is not served; that nothing is published is no refusal."""
        if not isinstance(error, NoVersionError) and self._refusals.note(version, str(error), monotonic()):
            observe_refusal()
            write_line(event="model_refused", model_version=version, error=f"{type(error).__name__}: {error}")

"""What the live store says of items, for the version a worker serves, and of users for when the store is gone."""

from threading import Lock

from artifacts.lately import NOTHING_NEW, Lately
from artifacts.live.erasures import Erasures
from artifacts.live.errors import LiveUnavailableError
from artifacts.live.store import LiveStore
from artifacts.model import Model
from artifacts.overlay import Told, overlaid


class LiveOverlay:
    """Remembers what the live store told since the served version was trained. For all threads of a worker."""

    def __init__(self, store: LiveStore | None) -> None:
        self._store = store
        self._told = Told(0, 0)
        self._since: int | None = None  # the version's number that `_told` begins at; None where nothing was read
        self._erasures: Erasures | None = None
        self._opted_out: frozenset[str] = frozenset()
        self._lock = Lock()

    def over(self, version: Model) -> Model:
        """A version as opened, with what was told since it was trained.

        Where the live store cannot be read, with what was told since the version before it was.
        """
        if self._store is None:
            return version
        with self._lock:
            if self._since != version.live_seq:
                self._begin(self._store, version.live_seq)
            return overlaid(version, self._told)

    def follow(self) -> bool:
        """Read what is new; whether there was anything that changes answers. Raises LiveUnavailableError."""
        if self._store is None or self._since is None:
            return False
        with self._lock:
            if self._store.watermark() <= self._told.events_up_to:
                return False
            self._erasures, self._opted_out = self._store.erasures(), self._store.opted_out()
            return _read(self._store, self._told)

    @property
    def number(self) -> int:
        """The number of the last change that answers know of."""
        return max(self._told.items_up_to, self._told.events_up_to)

    def remembered(self, user_id: str | None) -> Lately:
        """What is known of a user without the store: whether they asked to be forgotten, or not to be profiled."""
        if user_id is None or self._erasures is None:
            return NOTHING_NEW
        return Lately(erased=self._erasures.of(user_id), personalized=user_id not in self._opted_out)

    def _begin(self, store: LiveStore, number: int) -> None:
        told = Told(number, number)
        try:
            _read(store, told)
            self._erasures, self._opted_out = store.erasures(), store.opted_out()
        except LiveUnavailableError:
            return
        self._told, self._since = told, number


def _read(store: LiveStore, told: Told) -> bool:
    up_to = store.watermark()
    changes = store.changes_since(told.items_up_to)
    news = [told.add_items(changes.items, changes.up_to), told.add_events(store.item_events_since(told.events_up_to))]
    told.events_up_to = max(told.events_up_to, up_to)
    return any(news)

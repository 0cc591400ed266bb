"""The live store of a worker, if one is configured, and whether it can be used now."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from artifacts.live.activity import NO_ACTIVITY, UserActivity
from artifacts.live.errors import LiveUnavailableError, LiveValueError
from artifacts.live.store import LiveStore
from artifacts.queries.query import Query
from service.http.body import BODY
from service.http.errors import FieldProblem, InvalidRequestError, LiveStoreError, NoLiveStoreError
from service.state.live_items import LiveItems
from service.state.live_users import LiveUsers
from service.telemetry.log import write_line
from service.telemetry.metrics import observe_live, observe_live_failure, observe_live_skipped

POLL_SECONDS = 0.25
STOP_SECONDS = 5.0  # a write that is under way ends within less
MARK_NAME = "live-store-was-ready"


class LiveConnection:
    """Opens the live store and looks after it from a thread of its own: what went away is found again."""

    def __init__(self, url: str | None, shared: Path | None = None) -> None:
        """Connects to nothing. Raises LiveUrlError.

        `shared` is a directory of all workers: a store that one of them has had is not made anew where it is missing.
        """
        self._mark = shared / MARK_NAME if shared else None
        self._marked = self._mark is not None and self._mark.exists()
        self._store = LiveStore(url, was_ready=self._marked) if url is not None else None
        self.live_items = LiveItems(self._store)
        self._users = LiveUsers()
        self._items_changed: Callable[[], None] = lambda: None
        self._failure: str | None = None
        self._stopping = Event()
        self._watcher: Thread | None = None

    @property
    def store(self) -> LiveStore:
        """The store; whether it can be used, each operation tells. Raises NoLiveStoreError."""
        if self._store is None:
            raise NoLiveStoreError("no live store is configured: set LIVE_URL")
        return self._store

    @property
    def degraded(self) -> bool:
        """Whether there is a store and it cannot be used."""
        return self._store is not None and (self._failure is not None or self._store.paused)

    @contextmanager
    def reporting(self, request_id: str) -> Iterator[None]:
        """Count and log what the store fails at for a request. Raises LiveStoreError in its error's place, and
        InvalidRequestError where the store refuses a value of the request."""
        try:
            yield
        except LiveValueError as error:
            refused = FieldProblem(field=BODY, message="holds a value that the live store cannot keep")
            raise InvalidRequestError([refused]) from error
        except LiveUnavailableError as error:
            observe_live_failure(error.reason)
            write_line(event="live_failed", request_id=request_id, reason=error.reason, error=str(error))
            raise LiveStoreError(f"the live store is not available ({error.reason}): try again") from error

    def on_items_change(self, act: Callable[[], None]) -> None:
        """Have `act` called whenever the store may hold new changes of items."""
        self._items_changed = act

    def activity(self, query: Query, after: int) -> tuple[UserActivity, bool]:
        """Activity of the query's user and session above a sequence number, and whether the store could not be read.

        It is not read while the thread that looks after it finds that it cannot be: nobody waits for that.
        """
        if self._store is None:
            return NO_ACTIVITY, False
        if self._failure is None:
            try:
                return self._store.activity(query.user_id, query.session_id, after), False
            except LiveUnavailableError as error:
                observe_live_failure(error.reason)
        return self._users.last_known(query.user_id), True

    def start(self) -> None:
        """Open the store, where there is one, then keep an eye on it."""
        if self._store is not None:
            self.refresh(self._store)
            self._watcher = Thread(target=self._watch, args=(self._store,), name="live-store", daemon=True)
            self._watcher.start()

    def stop(self) -> None:
        """Look after it no longer, and close it: the last process that does folds SQLite's log into the file."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join(STOP_SECONDS)
        if self._store is not None:
            self._store.close()

    def refresh(self, store: LiveStore) -> None:
        """See whether the store can be used, and say so when that changes."""
        try:
            last = store.check()
            self._users.follow(store, last)
            self.live_items.follow(last)
            self._items_changed()
        except LiveUnavailableError as error:
            self._note(error.reason, str(error))
        # The thread lives on whatever happens: without it, a store that is lost stays lost.
        except Exception as error:
            self._note("error", type(error).__name__)
        else:
            self._leave_mark()
            self._note(None)
        observe_live(self.degraded)
        self._tell_what_was_skipped(store)

    def _tell_what_was_skipped(self, store: LiveStore) -> None:
        if news := store.skipped.take_news():
            observe_live_skipped(len(news))
            write_line(event="live_skipped", values=len(news), first=news[0])

    def _leave_mark(self) -> None:
        if self._mark is not None and not self._marked:
            self._marked = True
            with suppress(OSError):
                self._mark.touch()

    def _watch(self, store: LiveStore) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            self.refresh(store)

    def _note(self, failure: str | None, message: str | None = None) -> None:
        if failure == self._failure:
            return
        self._failure = failure
        if failure is None:
            write_line(event="live_available")
        else:
            write_line(event="live_unavailable", reason=failure, error=message)

"""The live store as the service and the training use it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from artifacts.live import activity_lookup, counter, erasures, events, items, users
from artifacts.live.activity import UserActivity
from artifacts.live.address import LiveAddress, read_address
from artifacts.live.breaker import Breaker
from artifacts.live.database import Database, Patience
from artifacts.live.erasures import Digester, Erasures
from artifacts.live.errors import LivePausedError, LiveTimeoutError, LiveUnavailableError
from artifacts.live.events import Event, Insertion, ItemEvent, StoredEvent
from artifacts.live.group_commit import GroupCommit
from artifacts.live.items import ItemChanges, ItemUpdate, LiveItem
from artifacts.live.postgresql import PostgresqlDatabase
from artifacts.live.sound_rows import Skipped
from artifacts.live.sqlite import SqliteDatabase
from artifacts.live.upgrade import upgrade
from artifacts.live.users import Forgotten, Held

Result = TypeVar("Result")

ROWS_AT_ONCE = 1_000  # of several callers, in one transaction: others that write wait for it


class LiveStore:
    """One live store, for all threads of a process; made after the fork of a worker.

    Nothing is connected to before `check`, which whoever opens the store calls once, and again and again where the
    store may come and go: it is what notices that it is back. Every operation raises LiveUnavailableError, of the kind
    that tells why, within the time-out of its kind, and until the first `check` that succeeded. After several failures
    in a row, reads (and, apart from them, writes) are refused at once for a moment.

    Every change has a number (`seq`), in the order of the commits. Times are Unix seconds.
    """

    def __init__(self, url: str, patience: Patience | None = None, was_ready: bool = False) -> None:
        """A store that `was_ready`, for another process, is not made where it is missing. Raises LiveUrlError."""
        self._database = _database(read_address(url), patience or Patience())
        self._digester: Digester | None = None
        self._was_ready = was_ready
        self._reads, self._writes = Breaker(), Breaker()
        self._insertions: GroupCommit[Sequence[Event], Insertion] = GroupCommit(self.name, self._insert, ROWS_AT_ONCE)
        self._changes: GroupCommit[Sequence[ItemUpdate], tuple[LiveItem, ...]]
        self._changes = GroupCommit(self.name, self._put_items, ROWS_AT_ONCE)

    @property
    def name(self) -> str:
        """The store's address to be shown, without account and password."""
        return self._database.name

    @property
    def skipped(self) -> Skipped:
        """The values that cannot be what they say, and were skipped."""
        return self._database.skipped

    @property
    def paused(self) -> bool:
        """Whether the last reads, or the last writes, failed."""
        return self._reads.open or self._writes.open

    def check(self) -> int:
        """Make sure of the store: connect, make or migrate its tables where that was not done, and read `watermark`.

        Asks also while reads are refused, and ends that when it succeeds; where writes are refused, it tries one now
        and then, as nobody else may. May take as long as a write.
        """
        try:
            if self._digester is None:
                self._prepare()
            last = counter.watermark(self._database, patient=True)
        except LiveUnavailableError as error:
            self._reads.failed(monotonic())
            if not isinstance(error, LiveTimeoutError):
                self._digester = None
            raise
        self._reads.succeeded()
        if self._writes.open:
            with suppress(LiveUnavailableError):
                self._write(lambda _: counter.probe(self._database))
        return last

    def close(self) -> None:
        """Close all connections that nobody uses now."""
        self._database.close()

    def activity(self, user_id: str | None, session_id: str | None, after: int) -> UserActivity:
        """What a request has to know of its user, with events above the number `after`, and of its session."""
        return self._read(lambda key: activity_lookup.read_activity(self._database, key, user_id, session_id, after))

    def watermark(self) -> int:
        """The number of the last change."""
        return self._read(lambda _: counter.watermark(self._database))

    def changes_since(self, after: int) -> ItemChanges:
        """The items that changed above a number, as they are now; with 0, all that were ever put."""
        return self._read(lambda _: items.read_changes(self._database, after))

    def item_events_since(self, after: int) -> Iterator[ItemEvent]:
        """What events above a number tell of items; impressions are left out. Raises while it is read, too."""
        return self._all(events.read_item_events(self._database, after))

    def events(self, after: int, up_to: int) -> Iterator[StoredEvent]:
        """All events above `after` up to `up_to`, in their order. Raises while it is read."""
        return self._all(events.read_events(self._database, after, up_to))

    def erasures(self, after: int = 0) -> Erasures:
        """The erasures above a number, to leave users out of what is made of other data."""
        return self._read(lambda key: erasures.read_erasures(self._database, key, after))

    def opted_out(self) -> frozenset[str]:
        """The users who want no answers of their own."""
        return frozenset(user_id for user_id, personalized in self.preferences().items() if not personalized)

    def preferences(self, after: int = 0) -> dict[str, bool]:
        """Whether users want answers of their own, of those who chose above a number."""
        return self._read(lambda _: users.read_preferences(self._database, after))

    def held(self, user_id: str) -> Held:
        """All that is held of a user."""
        return self._read(lambda key: users.held(self._database, key, user_id))

    def insert(self, batch: Sequence[Event]) -> Insertion:
        """Store events, each once by its event_id; they are on the disk when this returns."""
        return self._grouped(self._insertions, batch)

    def put_items(self, updates: Sequence[ItemUpdate]) -> tuple[LiveItem, ...]:
        """Change items, in one transaction; answers them as they are then."""
        return self._grouped(self._changes, updates)

    def erase(self, user_id: str) -> Forgotten:
        """Forget a user: who comes back is a new one."""
        return self._write(lambda key: users.erase(self._database, key, user_id))

    def set_personalized(self, user_id: str, personalized: bool) -> None:
        """Keep whether a user wants answers of their own."""
        self._write(lambda _: users.set_personalized(self._database, user_id, personalized))

    def prune(self, before: float, read_up_to: int) -> int:
        """Delete events received before a time that are among those a published version has read: the ones with
        numbers up to `read_up_to`. Answers how many; other writers get their turn in between."""
        return self._write(lambda _: events.prune(self._database, before, read_up_to))

    def _grouped(self, group: GroupCommit[Sequence[Any], Result], rows: Sequence[Any]) -> Result:
        if self._writes.open:  # nobody is to wait for who tries whether it works again
            return group.write_alone(rows)
        return group.write(rows, len(rows), self._database.patience.write)

    def _insert(self, brought: Callable[[], Sequence[Sequence[Event]]]) -> list[Insertion]:
        return self._write(lambda key: events.insert(self._database, key, brought))

    def _put_items(self, brought: Callable[[], Sequence[Sequence[ItemUpdate]]]) -> list[tuple[LiveItem, ...]]:
        return self._write(lambda _: items.put_items(self._database, brought))

    def _prepare(self) -> None:
        try:
            self._database.prepare_file(create=not self._was_ready)
            self._digester = Digester(upgrade(self._database))
        except BaseException:
            self._database.forget_connections()
            raise
        self._was_ready = True

    def _all(self, parts: Iterator[list[Result]]) -> Iterator[Result]:
        """What is read in parts, each a read of its own."""
        while (part := self._read(lambda _: next(parts, None))) is not None:
            yield from part

    def _read(self, work: Callable[[Digester], Result]) -> Result:
        return self._guarded(self._reads, work)

    def _write(self, work: Callable[[Digester], Result]) -> Result:
        return self._guarded(self._writes, work)

    def _guarded(self, breaker: Breaker, work: Callable[[Digester], Result]) -> Result:
        digester = self._digester
        if digester is None:
            raise LivePausedError(f"{self.name}: it could not be opened yet, or is lost")
        if not breaker.admits(monotonic()):
            raise LivePausedError(f"{self.name}: it failed several times and is left alone for a moment")
        try:
            result = work(digester)
        except LiveUnavailableError:
            breaker.failed(monotonic())
            raise
        breaker.succeeded()
        return result


def _database(address: LiveAddress, patience: Patience) -> Database:
    kind = SqliteDatabase if address.path is not None else PostgresqlDatabase
    return kind(address, patience)

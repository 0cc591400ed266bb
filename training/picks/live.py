"""The live store's state for a run of picks, read once as the run begins."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern

from artifacts.live.activity import NO_ACTIVITY, LiveEvent, UserActivity
from artifacts.live.activity_lookup import MAX_LOOKS, MAX_ORDERS
from artifacts.live.erasures import Erasures
from artifacts.live.events import LOOK, NOTHING, ORDER, WEIGHT_CLASS, ItemEvent, StoredEvent
from artifacts.live.overlay import ChangesSinceTraining, no_changes
from artifacts.model.model import Model
from training.errors import DataError
from training.live.connection import open_live
from training.picks.chunk import Chunk
from training.picks.table import read_texts


@dataclass
class _UserEvents:
    """A user's newest orders and looks, oldest first."""

    orders: deque[LiveEvent] = field(default_factory=lambda: deque(maxlen=MAX_ORDERS))
    looks: deque[LiveEvent] = field(default_factory=lambda: deque(maxlen=MAX_LOOKS))


@dataclass(frozen=True)
class LiveState:
    """What changed since a version was trained: items, and users with an order or a look, an erasure or a preference.
    `name` is the store's, `seq` the number of its last change."""

    name: str
    seq: int
    changes: ChangesSinceTraining
    erasures: Erasures
    opted_out: frozenset[str]
    events: Mapping[str, _UserEvents]

    def activity_of(self, user_id: str) -> UserActivity:
        """What the live store knows of a user, NO_ACTIVITY for most."""
        erased, events = self.erasures.of(user_id), self.events.get(user_id)
        if user_id in self.opted_out:
            return UserActivity(erased=erased, personalized=False)
        if erased is None and events is None:
            return NO_ACTIVITY
        since = erased.seq if erased else 0
        orders, looks = (events.orders, events.looks) if events else ((), ())
        return UserActivity(_newest_first(orders, since), _newest_first(looks, since), erased)

    def knows(self, user_id: str) -> bool:
        """Whether it holds anything that a user did."""
        return user_id in self.events

    def with_activity(self, chunk: Chunk, model: Model) -> Chunk:
        """The chunk with its users' activity. Of the version's own users, those erased since are none of it any more;
        who is listed stays, unknown."""
        users, known = chunk.users, isinstance(chunk.users, range)
        user_ids = _ids(model, users) if isinstance(users, range) else users
        found = {user_id: one for user_id in user_ids if (one := self.activity_of(user_id)) is not NO_ACTIVITY}
        if known and any(activity.erased for activity in found.values()):
            users = user_ids = tuple(one for one in user_ids if found.get(one, NO_ACTIVITY).erased is None)
        by_place = {place: found[user_id] for place, user_id in enumerate(user_ids) if user_id in found}
        return Chunk(chunk.number, users, by_place)


def read_live_state(url: str, model: Model) -> LiveState:
    """Read what changed since the version was trained. Who was erased is read last.

    Raises DataError where the live store cannot be read, or is older than what the version has read of it.
    """
    with open_live(url) as store:
        seq = store.watermark()
        if seq < model.live_seq:
            raise DataError(
                f"the live store cannot be used: {store.name}: its last change has the number {seq}, and "
                f"{model.version} has read up to {model.live_seq}: it is an older copy, or another one: train again"
            )
        changes, by_user = no_changes(model), dict[str, _UserEvents]()
        changes.add_items(store.changes_since(model.live_seq).items)
        changes.add_events(_item_events(store.events(model.live_seq, seq), by_user))
        opted_out, erasures = store.opted_out(), store.erasures(model.live_seq)
        return LiveState(store.name, seq, changes, erasures, opted_out, by_user)


def _ids(model: Model, users: range) -> tuple[str, ...]:
    return tuple(read_texts(model.user_ids, slice(users.start, users.stop)))


def _item_events(events: Iterable[StoredEvent], by_user: dict[str, _UserEvents]) -> Iterator[ItemEvent]:
    """Events as they concern items; those of users are noted on the way. Texts that come again are held once."""
    for event in events:
        kind, item_id = WEIGHT_CLASS[event.type], intern(event.item_id)  # type: ignore[index]
        if kind == NOTHING:
            continue
        if event.user_id is not None:
            theirs = by_user.setdefault(event.user_id, _UserEvents())
            done = LiveEvent(event.seq, intern(event.type), item_id, event.time, event.quantity)
            {ORDER: theirs.orders, LOOK: theirs.looks}[kind].append(done)
        yield ItemEvent(event.seq, item_id, event.type, event.time, event.quantity)


def _newest_first(events: Sequence[LiveEvent], since: int) -> tuple[LiveEvent, ...]:
    return tuple(event for event in reversed(events) if event.seq > since)

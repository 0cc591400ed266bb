"""Events for tests of the live store."""

from collections.abc import Iterator
from contextlib import contextmanager

from artifacts.live.events import Event
from artifacts.live.store import LiveStore

NOW = 1_770_000_000.0


def event(number: int, kind: str = "view", user: str | None = "ana", session: str | None = None) -> Event:
    """Of an item and at a time of its own."""
    owner = None if session is not None else user
    return Event(f"event-{number}", kind, owner, session, f"item-{number}", NOW + number, 2.0, 9.5, "request-1")


@contextmanager
def opened(url: str) -> Iterator[LiveStore]:
    """A live store, ready to be used."""
    store = LiveStore(url)
    store.check()
    try:
        yield store
    finally:
        store.close()

"""The live store as a training run opens it: patiently, and with one clear error where it cannot be used."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from artifacts.live.address import read_address
from artifacts.live.database import Patience
from artifacts.live.errors import LiveError
from artifacts.live.store import LiveStore
from training.errors import DataError
from training.live.settings import LiveSettings

PATIENCE = Patience(read=30.0, write=30.0)  # nobody waits for an answer


@contextmanager
def open_live(url: str, create: bool = False) -> Iterator[LiveStore]:
    """The live store, ready to be used; a file is made where there is none only with `create`: a path that was
    mistyped must not pass for a store in which nobody was ever erased.

    Raises DataError where the store cannot be opened, and in place of a LiveError within.
    """
    try:
        path = read_address(url).path
        if path is not None and not create and not path.is_file():
            raise DataError(f"the live store cannot be used: {path}: no such file (the service makes it as it starts)")
        store = LiveStore(url, PATIENCE)
        try:
            store.check()
            yield store
            _tell_what_was_skipped(store)
        finally:
            store.close()
    except LiveError as error:
        raise DataError(f"the live store cannot be used: {error}") from error


def _tell_what_was_skipped(store: LiveStore) -> None:
    if news := store.skipped.take_news():
        print(
            f"live store: {len(news)} values cannot be what they say and are left out, as {news[0]}: mend them",
            file=sys.stderr,
        )


def check_live(settings: LiveSettings, create: bool) -> None:
    """See, before a long run, that the live store can be used where one is configured. Raises as `open_live` does."""
    if settings.live_url is not None:
        with open_live(settings.live_url, create):
            pass

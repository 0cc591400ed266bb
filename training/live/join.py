"""The live store as a source of a training run, beside the shop's own data."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from artifacts.live.erasures import Erasures
from artifacts.live.items import LiveItem
from training.config import Config
from training.live.connection import open_live
from training.live.erasures import are_erased
from training.live.events import read_events, without_known

LIVE_ROWS = 2**31  # above any number of a row of the shop's own


@dataclass(frozen=True)
class LiveData:
    """What the live store held when it was read: its events with numbers up to `seq`, in the columns of
    `columns.SCHEMA`; all that was ever said of items; who was erased and when. `name` is without account and password.
    """

    name: str
    seq: int
    events: pl.DataFrame
    items: tuple[LiveItem, ...]
    erasures: Erasures

    @property
    def described(self) -> dict[str, Any]:
        """What the manifest says of it among its data."""
        return {"live_seq": self.seq, "live": {"store": self.name, "events": self.events.height}}


@dataclass(frozen=True)
class Joined:
    """All rows that may count, the first lines of the cleaning table, and a fingerprint of what went in."""

    rows: pl.DataFrame
    lines: tuple[tuple[str, int], ...]
    fingerprint: str


def read_live(url: str, config: Config, progress: bool) -> LiveData:
    """Read the live store. Who was erased is read last: whoever asked for it until then is left out.

    Raises DataError where it cannot be read.
    """
    with open_live(url) as store:
        seq = store.watermark()
        events = read_events(store, seq, config, progress)
        items = store.changes_since(0).items
        return LiveData(store.name, seq, events, items, store.erasures())


def join_live(rows: pl.DataFrame, fingerprint: str, live: LiveData, config: Config) -> Joined:
    """The shop's own rows (columns of `columns.SCHEMA`, and `row`) and the live events they do not hold, numbered from
    LIVE_ROWS, without those of erased users."""
    new = without_known(live.events, rows, config.clean.cancelled_basket)
    together = pl.concat([rows, new.with_row_index("row", LIVE_ROWS).select(rows.columns)])
    erased = are_erased(together, live.erasures)
    n_erased = int(erased.sum())
    lines = (
        ("read", rows.height + live.events.height),
        ("of these from the live store", live.events.height),
        ("live and in the data as well", live.events.height - new.height),
        ("erased", n_erased),
    )
    if not new.is_empty() or n_erased:
        which = hashlib.sha256(new.write_csv(include_header=False).encode())
        which.update(erased.to_numpy().tobytes())
        fingerprint = hashlib.sha256(f"{fingerprint} {which.hexdigest()}".encode()).hexdigest()
    return Joined(together.filter(~erased) if n_erased else together, lines, fingerprint)


def place_of(place: Callable[[int], str], row: int) -> str:
    """Where a joined row stands: of the shop's own rows `place` knows it."""
    return place(row) if row < LIVE_ROWS else "the live store"

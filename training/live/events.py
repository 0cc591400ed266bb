"""The live store's events as rows like those of the shop's own data."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import islice

import polars as pl
from tqdm import tqdm

from artifacts.live.activity import EventType
from artifacts.live.store import LiveStore
from training.config import Config
from training.reading.columns import SCHEMA, parse
from training.reading.returns import is_return
from training.reading.time_formats import from_unix

ROWS_AT_ONCE = 100_000
SECOND = timedelta(seconds=1)
IDENTITY = ["user_id", "item_id", "event", "second", "back"]
_READ = {
    "type": pl.String,
    "user_id": pl.String,
    "session_id": pl.String,
    "item_id": pl.String,
    "time": pl.Float64,
    "quantity": pl.Float64,
    "price": pl.Float64,
}


def read_events(store: LiveStore, up_to: int, config: Config, progress: bool) -> pl.DataFrame:
    """All events with numbers up to `up_to`, in the columns of `columns.SCHEMA`.

    A return is a purchase of a negative quantity. A visitor's session is a basket, under a name that no pattern of the
    shop's baskets is meant for; a user's rows have none. Raises LiveUnavailableError.
    """
    parts = list(_parts(store, up_to, progress))
    if not parts:
        return pl.DataFrame(schema=dict(SCHEMA))
    read = pl.concat(parts)
    back = pl.col("type") == EventType.RETURN
    return parse(
        read.select(
            "user_id",
            "item_id",
            from_unix(read["time"], "unix").alias("time"),
            "price",
            basket_id=pl.format("session {}", pl.col("session_id").rank("dense")),
            event=pl.col("type").replace_strict(event_names(config.events, config.purchase_event)),
            quantity=pl.when(back).then(-pl.col("quantity").fill_null(1.0)).otherwise("quantity"),
        )
    )


def event_names(weights: Mapping[str, float], purchase_event: str) -> dict[str, str]:
    """What the shop calls each type of live event; a click is a view where it has no weight of its own."""
    names = {str(kind): str(kind) for kind in EventType}
    names[EventType.PURCHASE] = names[EventType.RETURN] = purchase_event
    if EventType.CLICK not in weights:
        names[EventType.CLICK] = EventType.VIEW
    return names


def event_weights(config: Config) -> dict[str, float]:
    """What an event of each of the live store's types that tell of tastes counts for."""
    names = event_names(config.events, config.purchase_event)
    kinds = (EventType.PURCHASE, EventType.CART, EventType.VIEW, EventType.CLICK)
    return {str(kind): float(config.events.get(names[kind], 0.0)) for kind in kinds}


def without_known(events: pl.DataFrame, rows: pl.DataFrame, cancelled_basket: str | None) -> pl.DataFrame:
    """The events that `rows` do not hold: the same user (or none), item, type and second, whatever the basket."""
    if events.is_empty() or rows.is_empty():
        return events
    first, last = events.select(pl.col("time").min().alias("first"), pl.col("time").max().alias("last")).row(0)
    near = rows.filter(pl.col("time").is_between(first - SECOND, last + SECOND))
    return (
        _keyed(events, None)
        .join(
            _keyed(near, cancelled_basket).select(IDENTITY),
            on=IDENTITY,
            how="anti",
            nulls_equal=True,
            maintain_order="left",
        )
        .drop("second", "back")
    )


def _keyed(rows: pl.DataFrame, cancelled_basket: str | None) -> pl.DataFrame:
    return rows.with_columns(second=pl.col("time").dt.truncate("1s"), back=is_return(cancelled_basket))


def _parts(store: LiveStore, up_to: int, progress: bool) -> Iterator[pl.DataFrame]:
    events = tqdm(store.events(0, up_to), "live events", unit=" rows", unit_scale=True, disable=not progress)
    remaining = iter(events)
    while some := list(islice(remaining, ROWS_AT_ONCE)):
        yield pl.DataFrame({name: [getattr(event, name) for event in some] for name in _READ}, schema=_READ)

"""A shop's history as the training knows it: cleaned events and the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import polars as pl

from training.config import Config
from training.errors import DataError
from training.interactions.catalogue_fit import expect_fit
from training.interactions.cleaning import clean
from training.interactions.own_catalogue import OwnCatalogue, read_catalogue
from training.interactions.products import merge, products_sold
from training.interactions.read_rows import ReadRows, read_rows
from training.live.items import put_over
from training.live.join import Joined, join_live, place_of, read_live
from training.live.settings import NO_LIVE_STORE, LiveSettings
from training.redaction import public_name

EVENTS_SHOWN = 10


@dataclass(frozen=True)
class Sample:
    """`n_users` of `n_all_users` were drawn. `since`: item_id and since (Datetime[us]), the first event of each item in
    all of the shop."""

    n_users: int
    n_all_users: int
    since: pl.DataFrame


@dataclass(frozen=True)
class Interactions:
    """Cleaned events, oldest first.

    `frame`: user_id (String, null for guests), item_id (String), time (Datetime[us], UTC), basket_id (String), event
    (String), weight (Float32, of the event's type), quantity (Float64, what returns left), price (Float64, of a unit,
    null if unknown).
    `catalogue`: item_id (String, unique), title, category (String), price (Float64), image_url, product_url (String),
    available (Boolean): every item of `frame`, and those that only the catalogue's own file holds.
    `cleaning`: (what, rows), see `training.interactions.cleaning.Cleaned`. `source`: where from, without passwords.
    `fingerprint`: sha256 over what was read of the mapped columns, in order. `live`: what the manifest says of the live
    store, nothing where none was read. `sample`: where `frame` holds the events of some users only, of which. `found`:
    how the sources were read, as lines. `examples`: a row that was dropped, with its place, by what `cleaning` says.
    `newest`: when (UTC, whole seconds) the last event of the shop's own data was, see
    `training.interactions.read_rows.ReadRows`.
    """

    frame: pl.DataFrame
    catalogue: pl.DataFrame
    cleaning: tuple[tuple[str, int], ...]
    source: str
    fingerprint: str
    live: Mapping[str, Any] = field(default_factory=dict)
    sample: Sample | None = None
    found: tuple[str, ...] = ()
    examples: Mapping[str, str] = field(default_factory=dict)
    newest: datetime | None = None


def read_interactions(config: Config, progress: bool, settings: LiveSettings = NO_LIVE_STORE) -> Interactions:
    """Read, clean and weigh what `config.data` names and what the live store holds where there is one, with progress
    bars on stderr if `progress`.

    Raises DataError if anything cannot be read, is not mapped, or if no row is usable.
    """
    if config.data.source is None:
        raise DataError("no data: data.source names a file, directory, glob or URL")
    source = public_name(config.data.source)
    read = read_rows(config, config.data.source, progress)
    own = read_catalogue(config, config.own_catalogue, read.roles) if config.own_catalogue else None
    # After the data: what came in the meantime is in one of them, or in both, and counts once.
    live = read_live(settings.live_url, config, progress) if settings.live_url else None
    joined = join_live(read.rows, read.fingerprint, live, config) if live else _alone(read)
    cleaned = clean(joined.rows, config, datetime.now(UTC).replace(tzinfo=None))
    table = _with_void((*joined.lines, *cleaned.table[1:]), read)
    if cleaned.rows.is_empty():
        raise DataError(_nothing_left(source, table, read))
    catalogue, remarks = _catalogue(cleaned.rows, own, config, source)
    place = partial(place_of, read.place)
    return Interactions(
        _weighed(cleaned.rows, config),
        put_over(catalogue, live.items) if live else catalogue,
        table,
        source,
        joined.fingerprint,
        live.described if live else {},
        found=(*read.found, *(own.found if own else ()), *remarks),
        examples={reason: example.shown(read.odd, place) for reason, example in cleaned.examples.items()},
        newest=read.newest,
    )


def _catalogue(
    rows: pl.DataFrame, own: OwnCatalogue | None, config: Config, source: str
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """What is known of all items, and remarks. Raises DataError where nothing could be recommended."""
    sold = products_sold(rows, config.clean.missing)
    misfit = expect_fit(rows, own, config.evaluation.test_days) if own else None
    catalogue = merge(sold, own.products if own else None)
    if not catalogue["available"].any():
        raise DataError(f'{source}: no item is available: columns.available names another column, or none with ""')
    return catalogue, (misfit,) if misfit else ()


def _with_void(table: tuple[tuple[str, int], ...], read: ReadRows) -> tuple[tuple[str, int], ...]:
    """The cleaning table with the rows that were read and left out before the rest: read = dropped + kept."""
    (_, n_read), *left_out = read.lines
    more = n_read - read.rows.height
    return (("read", table[0][1] + more), *left_out, *table[1:])


def _alone(read: ReadRows) -> Joined:
    return Joined(read.rows, (("read", read.rows.height),), read.fingerprint)


def _nothing_left(source: str, table: tuple[tuple[str, int], ...], read: ReadRows) -> str:
    lines = [f"{source}: no usable rows", *(f"  {what}: {rows:,}" for what, rows in table if rows)]
    events = read.rows["event"].drop_nulls().unique().sort().head(EVENTS_SHOWN)
    if dict(table)["event without a weight"]:
        lines.append(f"[events] gives weights to types of events; those read are {', '.join(events)}")
    return "\n".join([*lines, *read.found])


def _weighed(rows: pl.DataFrame, config: Config) -> pl.DataFrame:
    weight = pl.col("event").replace_strict(dict(config.events), return_dtype=pl.Float32)
    return rows.select("user_id", "item_id", "time", "basket_id", "event", weight.alias("weight"), "quantity", "price")

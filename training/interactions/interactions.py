"""A shop's history as the training knows it: cleaned events and the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
from tqdm import tqdm

from training.config import Config
from training.errors import DataError
from training.interactions.cleaning import CLOCK_SKEW, clean
from training.interactions.products import FROM_CATALOGUE, merge, products_sold, read_products
from training.live.items import put_over
from training.live.join import Joined, join_live, read_live
from training.live.settings import NO_LIVE_STORE, LiveSettings
from training.reading.columns import CANONICAL, REQUIRED, SCHEMA, find, parse
from training.reading.fingerprint import Fingerprint
from training.reading.sources import open_tables
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
    store, nothing where none was read. `sample`: where `frame` holds the events of some users only, of which.
    `newest`: when (UTC, whole seconds) the last event of the shop's own data was, before cleaning and without the live
    store; None where it has no time that can be.
    """

    frame: pl.DataFrame
    catalogue: pl.DataFrame
    cleaning: tuple[tuple[str, int], ...]
    source: str
    fingerprint: str
    live: Mapping[str, Any] = field(default_factory=dict)
    sample: Sample | None = None
    newest: datetime | None = None


@dataclass(frozen=True)
class _Read:
    """All rows read, in the columns of SCHEMA; the roles found; the first time that is none, and where."""

    rows: pl.DataFrame
    fingerprint: str
    roles: frozenset[str]
    odd_time: str | None


def read_interactions(config: Config, progress: bool, settings: LiveSettings = NO_LIVE_STORE) -> Interactions:
    """Read, clean and weigh what `config.data` names and what the live store holds where there is one, with progress
    bars on stderr if `progress`.

    Raises DataError if anything cannot be read, is not mapped, or if no row is usable.
    """
    if config.data.source is None:
        raise DataError("no data: data.source names a file, directory, glob or URL")
    source = public_name(config.data.source)
    read = _read(config, config.data.source, progress)
    own = read_products(config, config.data.catalogue, read.roles) if config.data.catalogue else None
    # After the data: what came in the meantime is in one of them, or in both, and counts once.
    live = read_live(settings.live_url, config, progress) if settings.live_url else None
    joined = join_live(read.rows, read.fingerprint, live, config) if live else _alone(read)
    now = datetime.now(UTC).replace(tzinfo=None)
    cleaned = clean(joined.rows, config, now)
    table = (*joined.lines, *cleaned.table[1:])
    if cleaned.rows.is_empty():
        raise DataError(_nothing_left(source, table, read))
    catalogue = merge(products_sold(cleaned.rows), own)
    return Interactions(
        _weighed(cleaned.rows, config),
        put_over(catalogue, live.items) if live else catalogue,
        table,
        source,
        joined.fingerprint,
        live.described if live else {},
        newest=_newest(read.rows["time"], now),
    )


def _read(config: Config, source: str, progress: bool) -> _Read:
    parts: list[pl.DataFrame] = []
    digest = Fingerprint()
    roles: set[str] = set()
    odd_time: str | None = None
    elsewhere = FROM_CATALOGUE if config.data.catalogue else ()
    with tqdm(desc="reading", unit=" rows", unit_scale=True, disable=not progress) as bar:
        for table in open_tables(source, config.data.query):
            found = find(config.columns, table, tuple(CANONICAL), REQUIRED, elsewhere)
            roles.update(found)
            for raw in table.read(list(dict.fromkeys(found.values()))):
                rows = parse(raw.select(pl.col(column).alias(CANONICAL[role]) for role, column in found.items()))
                odd_time = odd_time or _odd_time(raw[found["time"]], rows["time"], table.name)
                digest.update(rows)
                parts.append(rows if "event" in found else rows.with_columns(event=pl.lit(config.purchase_event)))
                bar.update(rows.height)
    rows = pl.concat(parts) if parts else pl.DataFrame(schema=dict(SCHEMA))
    return _Read(rows, digest.hexdigest(), frozenset(roles), odd_time)


def _newest(times: pl.Series, now: datetime) -> datetime | None:
    newest = times.filter(times <= now + CLOCK_SKEW).max()
    return newest.replace(tzinfo=UTC, microsecond=0) if isinstance(newest, datetime) else None


def _alone(read: _Read) -> Joined:
    return Joined(read.rows, (("read", read.rows.height),), read.fingerprint)


def _odd_time(raw: pl.Series, times: pl.Series, name: str) -> str | None:
    odd = raw.filter(times.is_null() & raw.is_not_null())
    return None if odd.is_empty() else f"{name}: column {raw.name!r}: {odd[0]!r} is no time"


def _nothing_left(source: str, table: tuple[tuple[str, int], ...], read: _Read) -> str:
    lines = [f"{source}: no usable rows", *(f"  {what}: {rows:,}" for what, rows in table if rows)]
    events = read.rows["event"].drop_nulls().unique().sort().head(EVENTS_SHOWN)
    if dict(table)["event without a weight"]:
        lines.append(f"[events] gives weights to types of events; those read are {', '.join(events)}")
    return "\n".join([*lines, read.odd_time] if read.odd_time else lines)


def _weighed(rows: pl.DataFrame, config: Config) -> pl.DataFrame:
    weight = pl.col("event").replace_strict(dict(config.events), return_dtype=pl.Float32)
    return rows.select("user_id", "item_id", "time", "basket_id", "event", weight.alias("weight"), "quantity", "price")

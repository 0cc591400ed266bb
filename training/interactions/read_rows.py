"""All rows of a source, in canonical columns, and what was found on the way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from tqdm import tqdm

from training.config import Config
from training.interactions.cleaning import CLOCK_SKEW
from training.interactions.products import FROM_CATALOGUE
from training.interactions.settle_rows import settle_rows, without_void
from training.reading.availability import Availabilities
from training.reading.columns import CANONICAL, REQUIRED, SCHEMA, Wanted, find, parse
from training.reading.findings import Findings
from training.reading.fingerprint import Fingerprint
from training.reading.places import Places
from training.reading.presets import ORDERS
from training.reading.sources import open_tables
from training.reading.table import Table
from training.reading.table_numbers import NUMBERS, TableNumbers
from training.reading.times import Times
from training.reading.void_orders import VoidOrders
from training.redaction import public_name

VOID = "order cancelled or refunded"


@dataclass(frozen=True)
class ReadRows:
    """All rows read, in the columns of SCHEMA, and `row` (UInt32), by which `place` knows where each stands.

    `lines`: (what, rows), those read and those of orders that do not count, which are not among `rows`. `roles` were
    found; `found`: how all was read, as lines; `odd`: the text that was read, by canonical column and row, where it is
    null or no number by now, of the first such row at least. `newest`: the last time (UTC, whole seconds) that is not
    in the future, of any order; None where there is none.
    """

    rows: pl.DataFrame
    lines: tuple[tuple[str, int], ...]
    fingerprint: str
    roles: frozenset[str]
    found: tuple[str, ...]
    odd: Mapping[tuple[str, int], str]
    place: Places
    newest: datetime | None


def read_rows(config: Config, source: str, progress: bool) -> ReadRows:
    """Read `source` as `config` says, with a progress bar on stderr if `progress`. Raises DataError as sources do."""
    reading = _Reading(config, source)
    with tqdm(desc="reading", unit=" rows", unit_scale=True, disable=not progress) as bar:
        for table in open_tables(source, config.data.query, config.data):
            for n_rows in reading.add(table):
                bar.update(n_rows)
    return reading.done()


class _Reading:
    """Tables end to end; what only all of them tell is settled when they are there."""

    def __init__(self, config: Config, source: str) -> None:
        self._config = config
        self._elsewhere = FROM_CATALOGUE if config.own_catalogue else ()
        self._preset = ORDERS[config.data.preset] if config.data.preset else None
        self._wanted = Wanted(config.columns, self._preset.columns if self._preset else None)
        name = public_name(source)
        self._times = Times(name, config.data.time_format, datetime.now(UTC).replace(tzinfo=None))
        self._available = Availabilities(name, config.clean.missing)
        self._void = VoidOrders(self._preset.void if self._preset else {})
        self._digest = Fingerprint()
        self._findings = Findings(config.data.preset)
        self._places = Places()
        self._parts: list[pl.DataFrame] = []
        self._roles: set[str] = set()
        self._odd: dict[tuple[str, int], str] = {}
        self._n_rows = 0

    def add(self, table: Table) -> Iterator[int]:
        """Read the table: gives the number of rows of each batch."""
        self._findings.add(table)
        if not table.columns:
            return
        self._places.add(table, self._n_rows)
        found = find(self._wanted, table, tuple(CANONICAL), REQUIRED, self._elsewhere)
        self._findings.add_columns(found)
        self._roles.update(found)
        numbers = TableNumbers(table, found, self._config.data.decimal, self._config.clean.missing)
        void = self._void.columns(table)
        parts: list[pl.DataFrame] = []
        for raw in table.read(list(dict.fromkeys([*found.values(), *void]))):
            named = raw.select(pl.col(column).alias(CANONICAL[role]) for role, column in found.items())
            parts.append(self._parsed(named, numbers))
            self._void.read(raw, void)
            yield raw.height
        self._finish(table, numbers, numbers.settle(parts, table.place))

    def _parsed(self, named: pl.DataFrame, numbers: TableNumbers) -> pl.DataFrame:
        read = [self._times.read(named["time"]).alias("time"), *numbers.read(named)]
        if "available" in named.columns:
            read.append(self._available.read(named["available"]).alias("available"))
        rows = parse(named.with_columns(read))
        self._digest.update(rows.drop("time", *NUMBERS))
        return rows if "event" in named.columns else rows.with_columns(event=pl.lit(self._config.purchase_event))

    def _finish(self, table: Table, numbers: TableNumbers, parts: list[pl.DataFrame]) -> None:
        self._odd |= {(column, self._n_rows + row): text for (column, row), text in numbers.odd.items()}
        self._findings.remark(table.name, numbers.notes)
        for part in parts:
            self._digest.update(part.select(NUMBERS))
            self._n_rows += part.height
        self._parts += parts

    def done(self) -> ReadRows:
        """All of it, settled."""
        rows = pl.concat(self._parts) if self._parts else pl.DataFrame(schema=dict(SCHEMA))
        self._parts = []
        times = self._times.settle(rows["time"], self._places)
        rows = rows.with_columns(times.alias("time"))
        self._digest.update(rows.select("time"))
        unread, no_times = self._times.unread, tuple[str, ...]()
        if unread.first is not None:
            row, text = unread.first
            self._odd["time", row] = text
            no_times = (f"no times: {unread.count:,}, the first {text!r} ({self._places(row)})",)
        settled = settle_rows(
            rows,
            self._config,
            self._places,
            title_found=self._wanted.preset is None and self._wanted.named("title") is None,
        )
        kept = without_void(settled.rows.with_row_index("row").select(*SCHEMA, "row"), self._void.marked())
        lines = [("read", rows.height)]
        if kept.height < rows.height:
            lines.append((VOID, rows.height - kept.height))
        return ReadRows(
            kept,
            tuple(lines),
            self._digest.hexdigest(),
            frozenset(self._roles),
            (*self._findings.lines(self._times.found), *no_times, *settled.notes, *self._available.notes()),
            self._odd | settled.odd,
            self._places,
            _newest(times),
        )


def _newest(times: pl.Series) -> datetime | None:
    newest = times.filter(times <= datetime.now(UTC).replace(tzinfo=None) + CLOCK_SKEW).max()
    return newest.replace(tzinfo=UTC, microsecond=0) if isinstance(newest, datetime) else None

"""All rows of a source, in canonical columns, and what was found on the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from tqdm import tqdm

from training.config import Config
from training.interactions.products import FROM_CATALOGUE
from training.reading.columns import CANONICAL, REQUIRED, SCHEMA, find, parse
from training.reading.findings import Findings
from training.reading.fingerprint import Fingerprint
from training.reading.places import Places
from training.reading.sources import open_tables
from training.reading.table import Table
from training.reading.times import Times
from training.redaction import public_name


@dataclass(frozen=True)
class ReadRows:
    """All rows read, in the columns of SCHEMA; the roles found; how they were read, as lines; `place` tells the file
    and line of a row by its number."""

    rows: pl.DataFrame
    fingerprint: str
    roles: frozenset[str]
    found: tuple[str, ...]
    place: Places


def read_rows(config: Config, source: str, progress: bool) -> ReadRows:
    """Read `source` as `config` says, with a progress bar on stderr if `progress`. Raises DataError as sources do."""
    reading = _Reading(config, source)
    with tqdm(desc="reading", unit=" rows", unit_scale=True, disable=not progress) as bar:
        for table in open_tables(source, config.data.query, config.data):
            for n_rows in reading.add(table):
                bar.update(n_rows)
    return reading.done()


class _Reading:
    """Tables end to end; their times are settled when all are there."""

    def __init__(self, config: Config, source: str) -> None:
        self._config = config
        self._elsewhere = FROM_CATALOGUE if config.data.catalogue else ()
        now = datetime.now(UTC).replace(tzinfo=None)
        self._times = Times(public_name(source), config.data.time_format, now)
        self._digest = Fingerprint()
        self._findings = Findings()
        self._places = Places()
        self._parts: list[pl.DataFrame] = []
        self._roles: set[str] = set()
        self._n_rows = 0

    def add(self, table: Table) -> Iterator[int]:
        """Read the table: gives the number of rows of each batch."""
        self._findings.add(table)
        if not table.columns:
            return
        self._places.add(table, self._n_rows)
        found = find(self._config.columns, table, tuple(CANONICAL), REQUIRED, self._elsewhere)
        self._roles.update(found)
        for raw in table.read(list(dict.fromkeys(found.values()))):
            named = raw.select(pl.col(column).alias(CANONICAL[role]) for role, column in found.items())
            rows = parse(named.with_columns(self._times.read(named["time"]).alias("time")))
            self._digest.update(rows.drop("time"))
            event = self._config.purchase_event
            self._parts.append(rows if "event" in found else rows.with_columns(event=pl.lit(event)))
            self._n_rows += rows.height
            yield rows.height

    def done(self) -> ReadRows:
        """All of it, the times settled."""
        rows = pl.concat(self._parts) if self._parts else pl.DataFrame(schema=dict(SCHEMA))
        self._parts = []
        times = self._times.settle(rows["time"], self._places)
        rows = rows.with_columns(times.alias("time"))
        self._digest.update(rows.select("time"))
        found = tuple(self._findings.lines(self._times.found))
        unread = self._times.unread
        if unread.first is not None:
            row, text = unread.first
            found += (f"no times: {unread.count:,}, the first {text!r} ({self._places(row)})",)
        return ReadRows(rows, self._digest.hexdigest(), frozenset(self._roles), found, self._places)

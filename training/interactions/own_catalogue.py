"""The catalogue's own source: one row an item, of as many as the shop wrote."""

from dataclasses import dataclass

import polars as pl

from training.config import CatalogueSource, Config
from training.errors import DataError
from training.reading.availability import Availabilities
from training.reading.category_paths import join_paths
from training.reading.columns import CATALOGUE, Wanted
from training.reading.findings import Findings
from training.reading.ids import settle_ids
from training.reading.missing import is_missing
from training.reading.places import Places
from training.reading.presets import PRODUCTS, ProductPreset
from training.reading.product_rows import SAYS, TEXTS, product_columns, product_rows
from training.reading.sources import open_tables
from training.reading.table import Table
from training.reading.table_numbers import TableNumbers
from training.redaction import public_name

FIRST_URL = r"^([^,\s]+)"


@dataclass(frozen=True)
class OwnCatalogue:
    """`products`: item_id (unique) and the columns of CATALOGUE; `found`: how it was read, as lines; `name` is for
    messages."""

    name: str
    products: pl.DataFrame
    found: tuple[str, ...]


def read_catalogue(config: Config, source: CatalogueSource, elsewhere: frozenset[str]) -> OwnCatalogue:
    """Read the catalogue. Of an item's rows the first value that is there counts, column by column; it is available
    where one of them says so. A price that is no number, below 0 or infinite is none.

    `elsewhere`: roles that the interactions have. Raises DataError as sources do, if no row has an item, and if no item
    is available.
    """
    reading = _Reading(config, source, elsewhere)
    for table in open_tables(source.source or "", source.query, source):
        reading.add(table)
    return reading.done()


class _Reading:
    """Tables end to end; what only all of them tell is settled when they are there."""

    def __init__(self, config: Config, source: CatalogueSource, elsewhere: frozenset[str]) -> None:
        self._source = source
        self._name = public_name(source.source or "")
        self._missing = config.clean.missing
        self._preset = PRODUCTS[source.preset] if source.preset else None
        columns = self._preset.columns if self._preset else None
        self._wanted = Wanted(source.columns, columns, config.columns, "catalogue.columns")
        self._elsewhere = elsewhere
        self._available = Availabilities(self._name, self._missing)
        self._findings = Findings(source.preset)
        self._places = Places()
        self._parts: list[pl.DataFrame] = []
        self._n_rows = 0

    def add(self, table: Table) -> None:
        """Read the table."""
        self._findings.add(table)
        if not table.columns:
            return
        self._places.add(table, self._n_rows)
        columns = product_columns(table, self._wanted, self._preset, self._elsewhere)
        self._findings.add_columns({role: " + ".join(names) for role, names in columns.items() if names})
        batches = list(table.read(list(dict.fromkeys(name for names in columns.values() for name in names))))
        if not batches:
            return
        rows = product_rows(pl.concat(batches), columns, self._preset, self._available)
        numbers = TableNumbers(table, {"price": "price"}, self._source.decimal, self._missing)
        self._parts += numbers.settle([rows.with_columns(numbers.read(rows))], table.place)
        self._findings.remark(table.name, numbers.notes)
        self._n_rows += rows.height

    def done(self) -> OwnCatalogue:
        """All of it, settled."""
        rows = pl.concat(self._parts, how="diagonal") if self._parts else pl.DataFrame({"item_id": []})
        ids = settle_ids(rows["item_id"].cast(pl.String), "item", self._missing, self._places)
        n_read, rows = rows.height, rows.with_columns(ids.ids).drop_nulls("item_id")
        if rows.is_empty():
            raise DataError(f"{self._name}: no row of the catalogue has an item")
        rows, prices = _without_bad_prices(rows)
        products = _one_row_an_item(_with_texts(rows, self._missing, self._preset))
        if products["available"].drop_nulls().len() and not products["available"].any():
            raise DataError(
                f"{self._name}: no item of the catalogue is available: it says {self._available.said or 'no'}; "
                'catalogue.columns.available names another column, or none with ""'
            )
        notes = [f"{n_read - rows.height:,} rows without an item are left out"] if n_read > rows.height else []
        if several := rows.height - products.height:
            notes.append(f"{several:,} rows more than items: the first value that is there counts")
        return OwnCatalogue(
            self._name,
            products,
            (*self._findings.lines(), *ids.notes, *self._available.notes(), *prices, *notes),
        )


def _without_bad_prices(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    bad = rows["price"].is_not_null() & ~(rows["price"].is_finite() & (rows["price"] >= 0))
    if not bad.any():
        return rows, []
    price, item = rows.filter(bad).select("price", "item_id").row(0)
    note = f"price: {int(bad.sum()):,} that are no numbers, below 0 or infinite are left out: {price} of {item!r}"
    return rows.with_columns(rows["price"].set(bad, None)), [note]


def _with_texts(rows: pl.DataFrame, missing: tuple[str, ...], preset: ProductPreset | None) -> pl.DataFrame:
    texts = [rows[column].set(is_missing(rows[column], missing, person=False), None) for column in TEXTS]
    rows = rows.with_columns(texts)
    if preset is None:
        return rows
    category = join_paths(rows["category"], preset.levels, preset.several, skip_root=preset.root)
    image = rows["image_url"].str.extract(FIRST_URL) if preset.several else rows["image_url"]
    return rows.with_columns(category.alias("category"), image.alias("image_url"))


def _one_row_an_item(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each column the first value that is there; of each that says whether an item is available whether any does."""
    says = [column for column in rows.columns if column.startswith(SAYS)]
    first = (pl.col(column).drop_nulls().first() for column in (*TEXTS, "price"))
    # max, not any: of nothing but nulls it is null
    products = rows.group_by("item_id").agg(*first, *(pl.col(column).max() for column in says))
    available = pl.min_horizontal(says) if says else pl.lit(None, pl.Boolean)
    return products.with_columns(available=available.cast(pl.Boolean)).select("item_id", *CATALOGUE).sort("item_id")

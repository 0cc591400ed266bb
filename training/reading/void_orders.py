"""Orders that a shop's export marks as cancelled, refunded or failed."""

import polars as pl

from training.reading.columns import first_there
from training.reading.presets import ANY, Names
from training.reading.table import Table


class VoidOrders:
    """Reads, batch by batch, whether a row says that its order does not count: `void` as of `OrderPreset`."""

    def __init__(self, void: Names) -> None:
        self._void = void
        self._parts: list[pl.Series] = []

    def columns(self, table: Table) -> dict[str, tuple[str, ...]]:
        """The table's columns that say so, and their words."""
        there = {name: first_there((name,), table.columns) for name in self._void}
        return {column: self._void[name] for name, column in there.items() if column is not None}

    def read(self, raw: pl.DataFrame, columns: dict[str, tuple[str, ...]]) -> None:
        """Go on with the next rows."""
        void = pl.repeat(value=False, n=raw.height, dtype=pl.Boolean, eager=True)
        for column, words in columns.items():
            text = raw[column].cast(pl.String).str.strip_chars().str.to_lowercase()
            said = text != "" if words == ANY else text.is_in(words)
            void |= said.fill_null(value=False)
        self._parts.append(void)

    def marked(self) -> pl.Series | None:
        """Which of all rows say so (Boolean); None where none does."""
        marked = pl.concat(self._parts) if self._void and self._parts else None
        return marked if marked is not None and marked.any() else None

"""One file or query, opened."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Table:
    """`read` gives the named columns in batches, as text or as the source's own types; `name` is for messages."""

    name: str
    columns: tuple[str, ...]
    read: Callable[[Sequence[str]], Iterator[pl.DataFrame]]

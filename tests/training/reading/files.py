"""Helpers of the tests of reading: a file's rows as text, and what is said of a file that cannot be read."""

from pathlib import Path

import polars as pl
import pytest

from training.config import Layout
from training.errors import DataError
from training.reading.sources import open_tables
from training.reading.table import Found


def read_file(file: Path, **layout: object) -> pl.DataFrame:
    """All columns of a file, as they are read."""
    parts = [part for table in open_tables(str(file), None, settings(**layout)) for part in table.read(table.columns)]
    return pl.concat(parts)


def settings(**layout: object) -> Layout:
    return Layout.model_validate(layout)


def found_in(file: Path, **layout: object) -> Found:
    (found,) = (table.found for table in open_tables(str(file), None, settings(**layout)))
    return found


def lines_of(file: Path, **layout: object) -> list[str]:
    """Where each row of a file stands, without the file's name."""
    (places,) = (
        [table.place(row) for row in range(sum(batch.height for batch in table.read(table.columns)))]
        for table in open_tables(str(file), None, settings(**layout))
    )
    return [place.removeprefix(f"{file}, ") for place in places]


def problem(file: Path, **layout: object) -> str:
    """What is said of a file that cannot be read, without its name."""
    with pytest.raises(DataError) as caught:
        read_file(file, **layout)
    return str(caught.value).removeprefix(str(file))

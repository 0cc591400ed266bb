"""Rows of users who asked to be forgotten."""

import math

import numpy as np
import polars as pl

from artifacts.live.erasures import Erasures
from training.reading.time_formats import TIME


def are_erased(rows: pl.DataFrame, erasures: Erasures) -> pl.Series:
    """Whether each of the rows (user_id, time) is of a user from up to when they were erased; a time that cannot be
    read may be of before. What somebody does later counts."""
    erased = _erased(rows["user_id"].unique(), erasures) if erasures.by_digest else None
    if erased is None or erased.is_empty():
        return pl.repeat(value=False, n=rows.height, dtype=pl.Boolean, eager=True)
    until = rows.select("user_id").join(erased, on="user_id", how="left", maintain_order="left")["until"]
    return until.is_not_null() & (rows["time"] <= until).fill_null(value=True)


def _erased(user_ids: pl.Series, erasures: Erasures) -> pl.DataFrame:
    """The erased ones of distinct users, and until when; in microseconds, rounded up."""
    found = {user_id: erased for user_id in user_ids.drop_nulls() if (erased := erasures.of(user_id)) is not None}
    until = np.array([math.ceil(erased.time * 1e6) for erased in found.values()], np.int64)
    return pl.DataFrame({"user_id": pl.Series(list(found), dtype=pl.String), "until": pl.Series(until).cast(TIME)})

"""The users that a large shop's recipe is chosen and measured on."""

import zlib
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from training.interactions.interactions import Interactions, Sample

MAX_EVENTS = 1_000_000
"""A shop with no more is measured whole."""


def draw_sample(interactions: Interactions) -> Interactions:
    """All events of so many of a large shop's users, and guests' baskets likewise, that about MAX_EVENTS are left; a
    smaller shop as it is.

    Who is drawn depends on the ids alone: the same users every night, and fewer of them as the shop grows. The
    catalogue stays whole.
    """
    frame = interactions.frame
    if frame.height <= MAX_EVENTS:
        return interactions
    share = MAX_EVENTS / frame.height
    users = frame["user_id"].drop_nulls().unique()
    drawn = _draw(users, share)
    guests = frame.filter(pl.col("user_id").is_null())
    baskets = _draw(guests["basket_id"].unique(), share)
    is_drawn = pl.col("user_id").is_in(drawn.implode()) | (
        pl.col("user_id").is_null() & pl.col("basket_id").is_in(baskets.implode())
    )
    since = frame.group_by("item_id").agg(since=pl.col("time").min())
    sample = Sample(len(drawn), len(users), since)
    return replace(interactions, frame=frame.filter(is_drawn.fill_null(value=False)), sample=sample)


def _draw(ids: pl.Series, share: float) -> pl.Series:
    """About a share of distinct ids (String), the same whatever the others."""
    sums = np.fromiter((zlib.crc32(text.encode()) for text in ids), np.uint32, len(ids))
    return ids.filter(pl.Series(_mix(sums) < share * 2**32))


def _mix(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The finalizer of MurmurHash3 (Appleby 2008): checksums of ids that count up lie in a pattern, these do not."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        values = (values ^ (values >> np.uint32(shift))) * np.uint32(factor)
    return values ^ (values >> np.uint32(16))

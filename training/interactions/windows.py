"""Time windows, and the history as it stood before one."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from training.interactions.interactions import Interactions
from training.interactions.products import usual_price

# Shown, not fitted; the most frequent title of all time would tell of later events.
SHOWN = ("title", "image_url", "product_url")


@dataclass(frozen=True)
class Window:
    """From `start` up to, not including, `end`: naive UTC."""

    start: datetime
    end: datetime

    def earlier(self, windows: int) -> "Window":
        """The window as long as this one, `windows` windows before."""
        step = (self.end - self.start) * windows
        return Window(self.start - step, self.end - step)


def test_window(frame: pl.DataFrame, days: int) -> Window:
    """The last `days` days of the events, up to the midnight (UTC) after the newest one."""
    newest = frame.select(pl.col("time").max()).item()
    end = datetime.combine(newest.date(), datetime.min.time()) + timedelta(days=1)
    return Window(end - timedelta(days=days), end)


test_window.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


def before(interactions: Interactions, moment: datetime) -> Interactions:
    """What a shop had at `moment`: the events up to it and the items that had one; every item is available.

    Prices are the usual ones of these events where they have any, and an item's texts are left out, but for the
    category, the shop's own label: nothing that is fitted on the result can know a later event. What does come from
    later is the cleaning: a purchase that was brought back after `moment` is missing, as it is from the window's truth.
    """
    frame = interactions.frame.filter(pl.col("time") < moment)
    prices = frame.sort("time").group_by("item_id").agg(usual_price().alias("known_price"))
    sample = interactions.sample
    sold = sample.since.filter(pl.col("since") < moment) if sample else prices
    return replace(interactions, frame=frame, catalogue=_catalogue_of(interactions.catalogue, sold, prices))


def _catalogue_of(catalogue: pl.DataFrame, sold: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    return (
        catalogue.join(sold, on="item_id", how="semi")
        .join(prices, on="item_id", how="left")
        .with_columns(price=pl.coalesce("known_price", "price"), available=pl.lit(value=True))
        .with_columns(pl.lit(None, pl.String).alias(column) for column in SHOWN)
        .select(catalogue.columns)
        .sort("item_id")
    )


def within(interactions: Interactions, window: Window, event: str) -> pl.DataFrame:
    """The events of one kind in the window, oldest first."""
    inside = (pl.col("time") >= window.start) & (pl.col("time") < window.end) & (pl.col("event") == event)
    return interactions.frame.filter(inside).sort("time", "basket_id", "item_id")

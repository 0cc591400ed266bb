"""Cleaned events written by hand, and the dataset they make."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from training.interactions.dataset import Dataset, encode

START = datetime(2025, 1, 1)  # noqa: DTZ001 - times in a frame are naive, in UTC
WEIGHTS = {"purchase": 1.0, "cart": 0.3, "view": 0.1}
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "user_id": pl.String,
    "item_id": pl.String,
    "time": pl.Datetime("us"),
    "basket_id": pl.String,
    "event": pl.String,
    "weight": pl.Float32,
    "quantity": pl.Float64,
    "price": pl.Float64,
}
CATALOGUE = {
    "item_id": pl.String,
    "title": pl.String,
    "category": pl.String,
    "price": pl.Float64,
    "image_url": pl.String,
    "product_url": pl.String,
    "available": pl.Boolean,
}
NO_CATALOGUE = pl.DataFrame(schema=CATALOGUE)


@dataclass(frozen=True)
class Event:
    """`day` counts from START; `user` is None for a guest."""

    user: str | None
    item: str
    basket: str
    day: float = 0.0
    event: str = "purchase"
    price: float | None = None


def as_frame(events: Iterable[Event]) -> pl.DataFrame:
    rows = [
        (e.user, e.item, START + timedelta(days=e.day), e.basket, e.event, WEIGHTS[e.event], 1.0, e.price)
        for e in events
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def as_dataset(events: Iterable[Event], unsold: Iterable[str] = ()) -> Dataset:
    return encode(as_frame(events), pl.Series("item_id", list(unsold), pl.String), "purchase")


def basket(number: int, *items: str, user: str | None = None, day: float = 0.0) -> list[Event]:
    """One basket of a guest, unless a user is named."""
    return [Event(user, item, f"b{number}", day) for item in items]

"""The bundled sample shop: two CSV files as a shop would export them, and the truth planted in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from numpy.typing import NDArray

from artifacts.model.half_lives import SECONDS_PER_DAY
from training.sample_shop.customers import GUEST, Baskets, Customers, Picks, baskets, bought, browsed, customers
from training.sample_shop.demand import (
    CONSUMABLES,
    DAYS,
    SEGMENTS,
    TREND,
    Assortment,
    assortment,
)

PURCHASES_FILE = "purchases.csv"
CATALOGUE_FILE = "catalogue.csv"
BOT_USER_ID = "C99999"

_END_SECOND = DAYS * SECONDS_PER_DAY
_FIRST_BASKET = 100_001
_FIRST_CUSTOMER = 10_001
_VIEWED_FIRST, _CARTED_FIRST, _ABANDONED, _RETURNED = 0.3, 0.12, 0.15, 0.03  # shares of rows
_WINDOW_SHOPPING = 0.9  # items a customer looks at on a visit and does not buy, on average
_RETURN_DAYS = (3, 21)
_CHEAP = 15.0  # below this price people buy several at once
_BOT_VIEWS, _BOT_FIRST_SECOND = 20, (DAYS - 9) * SECONDS_PER_DAY + 2 * 3600
_NO_ITEM_ROWS, _FREE_ROWS, _NO_TIME_ROWS, _DUPLICATE_ROWS = 60, 60, 25, 150


@dataclass(frozen=True, slots=True)
class PlantedPair:
    """A basket with `item_id` gets `partner_id` as well, at least this often (0..1)."""

    item_id: str
    partner_id: str
    confidence: float


@dataclass(frozen=True, slots=True)
class SampleShop:
    """Where the files are, and what is true of them: everything by the shop's ids.

    `consumables` gives the days after which a customer buys the item again; `rising` and `falling` sell far more
    and far less in the last weeks than before, `new` only then, `unsold` never. `tastes` names each customer's
    segment of `demand.SEGMENTS`; `bots` are the users who are none.
    """

    purchases: Path
    catalogue: Path
    complements: tuple[PlantedPair, ...]
    consumables: Mapping[str, int]
    rising: tuple[str, ...]
    falling: tuple[str, ...]
    new: tuple[str, ...]
    unavailable: tuple[str, ...]
    unsold: tuple[str, ...]
    tastes: Mapping[str, str]
    bots: tuple[str, ...]


def generate(seed: int, directory: Path, last_day: date) -> SampleShop:
    """Writes PURCHASES_FILE and CATALOGUE_FILE into `directory`, replacing older ones; made if missing.

    The same seed and last day (UTC) give the same bytes; on another last day it is the same history, moved. Each file
    appears whole, the purchases last. Raises OSError when the directory cannot be written.
    """
    rng = np.random.default_rng(seed)
    goods, people = assortment(rng), customers(rng)
    visits = baskets(people, goods, rng)
    rows = _spoiled(_as_exported(_events(visits, bought(visits, goods, rng), goods, rng), visits, goods, last_day), rng)
    _write({CATALOGUE_FILE: _catalogue(goods), PURCHASES_FILE: rows}, directory)
    return _truth(directory, goods, people)


def _events(visits: Baskets, sold: Picks, goods: Assortment, rng: np.random.Generator) -> pl.DataFrame:
    """Purchases and returns with their basket, and the views and carts of customers, which belong to no basket."""
    prices = np.array([product.price for product in goods.products])
    quantity = 1 + rng.poisson(np.where(prices[sold.item] < _CHEAP, 0.4, 0.02))
    purchases = _rows("purchase", sold, visits.second[sold.basket], quantity)
    n_seen = np.where(visits.customer == GUEST, 0, rng.poisson(_WINDOW_SHOPPING, len(visits)))
    only_seen = browsed(visits, n_seen, goods, rng)
    known = _some(sold, visits.customer[sold.basket] != GUEST)
    viewed = _joined(only_seen, _share(known, _VIEWED_FIRST, rng))
    carted = _joined(_share(only_seen, _ABANDONED, rng), _share(known, _CARTED_FIRST, rng))
    returns = _returns(purchases, goods, rng)
    return pl.concat(
        [
            purchases,
            returns,
            _before("view", viewed, visits, (20 * 60, 60 * 60), rng),
            _before("cart", carted, visits, (60, 20 * 60), rng),
        ]
    )


def _rows(event: str, picks: Picks, second: NDArray[np.int64], quantity: NDArray[np.int64]) -> pl.DataFrame:
    columns = {"basket": picks.basket, "item": picks.item, "second": second, "quantity": quantity}
    return pl.DataFrame(columns).with_columns(event=pl.lit(event))


def _before(
    event: str, picks: Picks, visits: Baskets, seconds: tuple[int, int], rng: np.random.Generator
) -> pl.DataFrame:
    earlier = rng.integers(*seconds, len(picks.item))
    return _rows(event, picks, visits.second[picks.basket] - earlier, np.ones_like(earlier))


def _some(picks: Picks, mask: NDArray[np.bool_]) -> Picks:
    return Picks(picks.basket[mask], picks.item[mask])


def _share(picks: Picks, share: float, rng: np.random.Generator) -> Picks:
    return _some(picks, rng.random(len(picks.item)) < share)


def _joined(one: Picks, other: Picks) -> Picks:
    return Picks(np.concatenate([one.basket, other.basket]), np.concatenate([one.item, other.item]))


def _returns(purchases: pl.DataFrame, goods: Assortment, rng: np.random.Generator) -> pl.DataFrame:
    """Whole lines sent back under their basket's number; consumables are kept."""
    kept = np.concatenate([goods.line(line) for line in CONSUMABLES])
    returned = purchases.filter(rng.random(purchases.height) < _RETURNED, ~pl.col("item").is_in(kept))
    first, last = (days * SECONDS_PER_DAY for days in _RETURN_DAYS)
    return returned.with_columns(
        second=pl.col("second") + pl.Series(rng.integers(first, last, returned.height)),
        quantity=-pl.col("quantity"),
    ).filter(pl.col("second") < _END_SECOND)


def _as_exported(events: pl.DataFrame, visits: Baskets, goods: Assortment, last_day: date) -> pl.DataFrame:
    """Ids and times in place of indexes and seconds, with the bot's night among them, in order of time."""
    products = pl.DataFrame(
        {"item": np.arange(len(goods.products)), "item_id": _ids(goods, np.arange(len(goods.products)))}
    ).with_columns(price=pl.Series([product.price for product in goods.products]))
    buyers = pl.DataFrame({"basket": np.arange(len(visits)), "customer": visits.customer}).select(
        "basket",
        basket_id="B" + (pl.col("basket") + _FIRST_BASKET).cast(pl.String),
        user_id=pl.when(pl.col("customer") != GUEST).then(_user_id(pl.col("customer"))),
    )
    start = pl.lit(datetime.combine(last_day - timedelta(days=DAYS - 1), datetime.min.time()))
    return (
        pl.concat([events.join(buyers, on="basket", validate="m:1"), _bot_views(goods)], how="diagonal")
        .join(products, on="item", validate="m:1")
        .sort("second", "user_id", "basket_id", "event", "item_id", "quantity", nulls_last=True)
        .select(
            "user_id",
            "item_id",
            time=start + pl.duration(seconds="second"),
            basket_id=pl.when(pl.col("event") == "purchase").then("basket_id"),
            event="event",
            quantity="quantity",
            price="price",
        )
    )


def _user_id(customer: pl.Expr) -> pl.Expr:
    return "C" + (customer + _FIRST_CUSTOMER).cast(pl.String)


def _bot_views(goods: Assortment) -> pl.DataFrame:
    """A price crawler that was given an account: every product, again and again, a second each."""
    item = np.tile(np.arange(len(goods.products)), _BOT_VIEWS)
    second = _BOT_FIRST_SECOND + np.arange(len(item))
    return pl.DataFrame({"item": item, "second": second}).with_columns(
        event=pl.lit("view"), user_id=pl.lit(BOT_USER_ID), quantity=pl.lit(1, pl.Int64)
    )


def _spoiled(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """With what is wrong in every export: rows without an item, a price or a time, and rows that come twice."""
    sizes = [_NO_ITEM_ROWS, _FREE_ROWS, _NO_TIME_ROWS, _DUPLICATE_ROWS]
    candidates = np.flatnonzero((rows["event"] == "purchase") & (rows["quantity"] > 0))
    no_item, free, no_time, twice = np.split(rng.choice(candidates, sum(sizes), replace=False), np.cumsum(sizes)[:-1])
    position = pl.int_range(pl.len())
    return rows.with_columns(
        item_id=pl.when(~position.is_in(no_item)).then("item_id"),
        price=pl.when(position.is_in(free)).then(0.0).otherwise("price"),
        time=pl.when(~position.is_in(no_time)).then("time"),
    )[np.sort(np.concatenate([np.arange(rows.height), twice]))]


def _catalogue(goods: Assortment) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_id": [product.item_id for product in goods.products],
            "title": [product.title for product in goods.products],
            "category": [product.category for product in goods.products],
            "price": [product.price for product in goods.products],
            "image_url": [product.image_url for product in goods.products],
            "product_url": [product.product_url for product in goods.products],
        }
    ).with_columns(available=~pl.int_range(pl.len()).is_in(goods.unavailable))


def _write(frames: Mapping[str, pl.DataFrame], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=directory, prefix=".sample-") as draft:
        for name, frame in frames.items():
            frame.write_csv(Path(draft, name), float_precision=2, datetime_format="%Y-%m-%dT%H:%M:%S")
        for name in frames:
            Path(draft, name).replace(directory / name)


def _truth(directory: Path, goods: Assortment, people: Customers) -> SampleShop:
    segments = list(SEGMENTS)
    trend = {line: _ids(goods, goods.line(line)) for line in TREND}
    return SampleShop(
        purchases=directory / PURCHASES_FILE,
        catalogue=directory / CATALOGUE_FILE,
        complements=tuple(
            PlantedPair(goods.products[item].item_id, goods.products[partner].item_id, confidence)
            for (item, partner), confidence in zip(goods.pairs, goods.confidence.tolist(), strict=True)
        ),
        consumables={item_id: days for line, days in CONSUMABLES.items() for item_id in _ids(goods, goods.line(line))},
        rising=tuple(item for line, items in trend.items() if TREND[line] > 1 for item in items),
        falling=tuple(item for line, items in trend.items() if TREND[line] < 1 for item in items),
        new=_ids(goods, goods.new),
        unavailable=_ids(goods, goods.unavailable),
        unsold=_ids(goods, goods.unsold),
        tastes={f"C{_FIRST_CUSTOMER + index}": segments[taste] for index, taste in enumerate(people.taste)},
        bots=(BOT_USER_ID,),
    )


def _ids(goods: Assortment, items: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(goods.products[index].item_id for index in items)

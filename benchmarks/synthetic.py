"""Purchases and catalogue of a synthetic shop: Zipf popularity, planted tastes plus noise, baskets over a year."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from artifacts.model.half_lives import SECONDS_PER_DAY

REVISION = 1  # of what is generated, for who keeps it
ONE_PERCENT = "Category 000"  # holds 1% of the items of every shop

PLANTED_FACTORS = 32
CATEGORY_SHARE = 0.6  # of the variance of an item's planted factors
CONTRAST = 2.5  # standard deviation of the logarithm of what an interest makes of an item's popularity
ZIPF_SHIFT = 20  # Zipf-Mandelbrot: the best sellers differ less than Zipf's
INTEREST_WEIGHTS = (0.6, 0.3, 0.1)  # of a user's interests
NOISE = 0.15  # share of lines bought for an item's popularity alone
REPEATED = 0.2  # share of lines that repeat one of an earlier basket
LINES_A_BASKET = 3
SURPLUS = 1.15  # drawn beyond what is asked for: lines repeated within a basket fall away
UNAVAILABLE = 0.03
FIRST_SECOND = 1_704_067_200  # 2024-01-01T00:00:00Z
SECONDS = 365 * SECONDS_PER_DAY
ROWS_A_FILE = 1_000_000

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Size:
    """What a shop is made from; the same values give the same shop."""

    users: int
    items: int
    interactions: int
    interests: int = 200
    categories: int = 120
    seed: int = 0


@dataclass(frozen=True)
class Lines:
    """What was bought, oldest first, (n,) each: `user`, `item` int32 are indexes, `basket` int32 numbers, `time` int64
    Unix seconds, `quantity` int32."""

    user: Ints
    item: Ints
    basket: Ints
    time: Longs
    quantity: Ints


@dataclass(frozen=True)
class Items:
    """`popularity` (n_items,) sums to 1; `factors` (n_items, PLANTED_FACTORS); `category` (n_items,) int32."""

    popularity: Floats
    factors: Floats
    category: Ints


@dataclass(frozen=True)
class Baskets:
    """By user, then time: `user`, `lines` (n_baskets,) int32, `interest` (n_baskets,) int16, `time` int64."""

    user: Ints
    lines: Ints
    interest: npt.NDArray[np.int16]
    time: Longs


def write_shop(size: Size, directory: Path) -> None:
    """Write `purchases/*.parquet` and `catalogue.parquet` into an empty directory."""
    rng = np.random.default_rng(size.seed)
    items = plant_items(size, rng)
    lines = draw_lines(size, items, rng)
    catalogue = describe_items(items, rng)
    catalogue.write_parquet(directory / "catalogue.parquet")
    (directory / "purchases").mkdir()
    prices = catalogue["price"].to_numpy()
    for start in range(0, len(lines.user), ROWS_A_FILE):
        part = slice(start, start + ROWS_A_FILE)
        rows = purchases(lines, part, prices)
        rows.write_parquet(directory / "purchases" / f"{start // ROWS_A_FILE:03}.parquet")


def plant_items(size: Size, rng: np.random.Generator) -> Items:
    """Popularity by Zipf's law over shuffled items; factors around those of the item's category."""
    popularity = rng.permutation(1 / (np.arange(size.items) + ZIPF_SHIFT))
    category = _categories(size, rng)
    centres = rng.standard_normal((size.categories, PLANTED_FACTORS))
    own = rng.standard_normal((size.items, PLANTED_FACTORS))
    factors = np.sqrt(CATEGORY_SHARE) * centres[category] + np.sqrt(1 - CATEGORY_SHARE) * own
    return Items(popularity / popularity.sum(), factors / np.sqrt(PLANTED_FACTORS), category)


def _categories(size: Size, rng: np.random.Generator) -> Ints:
    """Each item's category: the first holds 1% of the items, the others ever fewer."""
    shares = 1 / (np.arange(size.categories - 1) + 3)
    first = size.items // 100
    ends = np.round(np.cumsum(shares / shares.sum()) * (size.items - first)).astype(np.int64)
    sizes = [first, *np.diff(ends, prepend=0)]
    return rng.permutation(np.repeat(np.arange(size.categories, dtype=np.int32), sizes))


def draw_lines(size: Size, items: Items, rng: np.random.Generator) -> Lines:
    """Every user's purchases: `size.interactions` of them, each item once a basket. About 60 bytes each at the peak."""
    baskets = _draw_baskets(size, rng)
    basket = np.repeat(np.arange(len(baskets.user), dtype=np.int32), baskets.lines)
    item = _draw_items(size, items, baskets.interest[basket], rng)[_sources(baskets, basket, rng)]
    keys = np.unique(basket * np.int64(size.items) + item)
    basket, item = (part.astype(np.int32) for part in np.divmod(keys, size.items))
    kept = _all_but(max(len(keys) - size.interactions, 0), baskets.user[basket], rng)
    order = kept[np.argsort(baskets.time[basket[kept]], kind="stable")]
    basket = basket[order]
    quantity = rng.geometric(0.8, len(order)).astype(np.int32)
    return Lines(baskets.user[basket], item[order], basket, baskets.time[basket], quantity)


def _draw_baskets(size: Size, rng: np.random.Generator) -> Baskets:
    """One or more for every user; few users have many."""
    mean = SURPLUS * size.interactions / size.users / LINES_A_BASKET
    counts = 1 + rng.poisson(rng.gamma(0.8, max(mean - 1, 0) / 0.8, size.users))
    user = np.repeat(np.arange(size.users, dtype=np.int32), counts)
    moments = np.sort(user * np.int64(SECONDS) + rng.integers(0, SECONDS, len(user)))
    interests = rng.integers(0, size.interests, (size.users, len(INTEREST_WEIGHTS)), np.int16)
    chosen = np.searchsorted(np.cumsum(INTEREST_WEIGHTS), rng.random(len(user)))
    return Baskets(
        user=user,
        lines=rng.geometric(1 / LINES_A_BASKET, len(user)).astype(np.int32),
        interest=interests[user, np.minimum(chosen, len(INTEREST_WEIGHTS) - 1)],
        time=FIRST_SECOND + moments % SECONDS,
    )


def _draw_items(size: Size, items: Items, interest: npt.NDArray[np.int16], rng: np.random.Generator) -> Ints:
    """An item for each line: by the interest of its basket, p_i exp(CONTRAST c . y_i), or by popularity alone."""
    everybody = np.int16(size.interests)
    interest = np.where(rng.random(len(interest), np.float32) < NOISE, everybody, interest)
    centres = CONTRAST * rng.standard_normal((size.interests, PLANTED_FACTORS))
    tastes = np.vstack([centres, np.zeros(PLANTED_FACTORS)])
    order = np.argsort(interest, kind="stable")
    ends = np.searchsorted(interest[order], np.arange(len(tastes) + 1))
    item = np.empty(len(interest), np.int32)
    for number, taste in enumerate(tastes):
        some = order[ends[number] : ends[number + 1]]
        reached = np.cumsum(items.popularity * np.exp(items.factors @ taste))
        item[some] = np.searchsorted(reached, rng.random(len(some)) * reached[-1], "right")
    return item


def _sources(baskets: Baskets, basket: Ints, rng: np.random.Generator) -> Ints:
    """For each line, the line whose item it has: itself, or one of an earlier basket of the same user."""
    first = np.concatenate([[0], np.cumsum(baskets.lines)[:-1]]).astype(np.int32)
    first_of_user = first[np.searchsorted(baskets.user, baskets.user)]
    earlier = (first - first_of_user)[basket]
    source = np.arange(len(basket), dtype=np.int32)
    again = np.flatnonzero((rng.random(len(basket), np.float32) < REPEATED) & (earlier > 0))
    source[again] = first_of_user[basket[again]] + (rng.random(len(again)) * earlier[again]).astype(np.int32)
    while not np.array_equal(source, origin := source[source]):
        source = origin
    return source


def _all_but(surplus: int, user: Ints, rng: np.random.Generator) -> Longs:
    """All lines but `surplus` of them; every user keeps one."""
    spare = np.flatnonzero(user[1:] == user[:-1]) + 1
    kept = np.ones(len(user), np.bool_)
    kept[rng.choice(spare, surplus, replace=False)] = False
    return np.flatnonzero(kept)


def purchases(lines: Lines, part: slice, prices: Floats) -> pl.DataFrame:
    """Some lines as the rows of a purchases file; `prices` (n_items,)."""
    return pl.DataFrame(
        {
            "user_id": user_ids(lines.user[part]),
            "item_id": item_ids(lines.item[part]),
            "time": pl.Series(lines.time[part]).cast(pl.Int64) * 1_000_000,
            "basket_id": lines.basket[part],
            "quantity": lines.quantity[part],
            "price": prices[lines.item[part]],
        }
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))


def describe_items(items: Items, rng: np.random.Generator) -> pl.DataFrame:
    """The catalogue: item_id, title, category, price, available. A title says what its category sells."""
    n_items, n_categories = len(items.category), int(items.category.max()) + 1
    nouns = items.category * 8 + rng.integers(0, 8, n_items)
    words = np.array([_word(number) for number in range(n_categories * 8 + 400)])
    adjectives = words[n_categories * 8 + rng.integers(0, 400, (n_items, 2))]
    level = rng.normal(2.5, 0.7, n_categories)[items.category]
    return pl.DataFrame(
        {
            "item_id": item_ids(np.arange(n_items)),
            "title": [
                f"{a.title()} {b} {c}" for a, b, c in zip(adjectives[:, 0], words[nouns], adjectives[:, 1], strict=True)
            ],
            "category": pl.Series(items.category).map_elements(category_name, pl.String),
            "price": np.round(np.exp(rng.normal(level, 0.5)), 2) + 0.01,
            "available": rng.random(n_items) >= UNAVAILABLE,
        }
    )


def _word(number: int) -> str:
    """A word of its own for each number: three syllables or more."""
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    syllables = [consonants[i] + vowels[j] for i in range(len(consonants)) for j in range(len(vowels))]
    base = len(syllables)
    return syllables[number % base] + syllables[number // base % base] + syllables[(number * 7 + 3) % base]


def category_name(number: int) -> str:
    """The name of a category; that of number 0 is ONE_PERCENT."""
    return f"Category {number:03}"


def user_ids(index: npt.NDArray[np.integer]) -> pl.Series:
    """Users' ids, ascending as their indexes are."""
    return _ids("U", index)


def item_ids(index: npt.NDArray[np.integer]) -> pl.Series:
    """Items' ids, ascending as their indexes are."""
    return _ids("I", index)


def _ids(prefix: str, index: npt.NDArray[np.integer]) -> pl.Series:
    return pl.select(pl.lit(prefix) + pl.Series(index).cast(pl.String).str.zfill(7)).to_series()

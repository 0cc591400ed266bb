"""What the sample shop's customers want: the truth planted in its history, and demand by taste, week and item."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.sample_shop.catalogue import CATEGORIES, Product, products

# The history's length. Weeks and seasons are counted from its first day, whatever the calendar says, so that it is the
# same history on whichever day it ends.
WEEKS = 78
DAYS = 7 * WEEKS


@dataclass(frozen=True, slots=True)
class Complement:
    """Buying a product of `line` brings one certain product of `partner` into the basket, this often (0..1)."""

    line: str
    partner: str
    confidence: float


COMPLEMENTS = (
    Complement("Espresso machine", "Espresso blend beans", 0.5),
    Complement("Espresso machine", "Coffee tamper", 0.35),
    Complement("Pour-over dripper", "Paper coffee filters", 0.55),
    Complement("Cast-iron frying pan", "Chainmail pan scrubber", 0.4),
    Complement("Chef's knife", "Whetstone", 0.3),
    Complement("Springform cake tin", "Parchment paper", 0.45),
    Complement("Proofing basket", "Bread flour", 0.5),
    Complement("Garden hose", "Hose nozzle", 0.5),
    Complement("Raised bed", "Potting soil", 0.6),
    Complement("Bird feeder", "Bird seed", 0.55),
    Complement("Litter tray", "Litter scoop", 0.45),
    Complement("Dog lead", "Waste bags", 0.4),
    Complement("Tent", "Tent pegs", 0.5),
    Complement("Tent", "Sleeping mat", 0.4),
    Complement("Camping stove", "Gas cartridge", 0.6),
    Complement("Duvet", "Duvet cover", 0.5),
    Complement("Spray mop", "Mop pads", 0.5),
    Complement("Fountain pen", "Ink bottle", 0.5),
)

# Days between two purchases of the same product by a customer who uses it up.
CONSUMABLES = {
    "Arabica beans": 30,
    "Coffee pods": 25,
    "Paper coffee filters": 60,
    "Black tea": 45,
    "Bread flour": 28,
    "Bird seed": 35,
    "Cat dry food": 28,
    "Cat litter": 21,
    "Dog dry food": 35,
    "Waste bags": 50,
    "Laundry detergent": 42,
    "Dishwasher tablets": 40,
    "Printer paper": 70,
}

# Demand of a line in the last week over what it would have been; it gets there evenly within TREND_WEEKS.
TREND = {"Cold brew maker": 12.0, "Pod coffee machine": 0.1}
TREND_WEEKS = 6

LAUNCH_WEEKS = 3  # new products are sold in the last weeks only

SEGMENTS = {
    "coffee lover": {"Coffee and tea": 5.0, "Coffee machines": 4.0, "Tableware": 1.0},
    "cook": {"Cookware": 5.0, "Kitchen tools": 4.0, "Tableware": 1.5},
    "baker": {"Baking": 6.0, "Kitchen tools": 2.0, "Coffee and tea": 0.5},
    "gardener": {"Garden tools": 5.0, "Plants and seeds": 5.0, "Lighting and decoration": 0.5},
    "cat owner": {"Cats": 7.0, "Cleaning": 1.0, "Plants and seeds": 0.5},
    "dog owner": {"Dogs": 7.0, "Camping": 1.0, "Cleaning": 0.5},
    "camper": {"Camping": 7.0, "Coffee machines": 0.7, "Dogs": 0.5},
    "homemaker": {"Cleaning": 4.0, "Bedding and textiles": 4.0, "Lighting and decoration": 2.0},
    "desk worker": {"Desk and paper": 6.0, "Coffee and tea": 1.5, "Lighting and decoration": 1.5},
}
_BACKGROUND = 0.05  # taste for any other category

_ZIPF_EXPONENT = 0.85
_PRICE_ELASTICITY = 0.45
_IMPULSE = 0.3  # consumables are mostly bought by those who come for them, this much less by the rest
_N_UNAVAILABLE, _N_NEW, _N_UNSOLD = 14, 10, 5


@dataclass(frozen=True, slots=True)
class Assortment:
    """The products with their parts in the plot.

    `pairs` is int64 (n_pairs, 2) of item indexes (item, partner) with `confidence` float64 (n_pairs,). `popularity`
    is float64 (n_items,), at no particular scale. `unavailable`, `new` and `unsold` are disjoint item indexes,
    none of them with another part to play.
    """

    products: tuple[Product, ...]
    pairs: NDArray[np.int64]
    confidence: NDArray[np.float64]
    popularity: NDArray[np.float64]
    unavailable: NDArray[np.int64]
    new: NDArray[np.int64]
    unsold: NDArray[np.int64]

    def line(self, name: str) -> NDArray[np.int64]:
        """Indexes of the line's products."""
        return np.array([index for index, product in enumerate(self.products) if product.line == name])


def assortment(rng: np.random.Generator) -> Assortment:
    """Deals every product its popularity (Zipf by a random rank, less for dear ones) and its part in the plot."""
    goods = products()
    pairs, confidence = _pairs(goods)
    planted = {c.line for c in COMPLEMENTS} | {c.partner for c in COMPLEMENTS} | set(CONSUMABLES) | set(TREND)
    ordinary = rng.permutation([index for index, product in enumerate(goods) if product.line not in planted])
    unavailable, new, unsold, _ = np.split(ordinary, np.cumsum([_N_UNAVAILABLE, _N_NEW, _N_UNSOLD]))
    rank = rng.permutation(len(goods)) + 1
    prices = np.array([product.price for product in goods])
    popularity = rank**-_ZIPF_EXPONENT * prices**-_PRICE_ELASTICITY
    # A pair shows in the baskets only if its item sells, and so does a launch; a trend leaves or joins the crowd.
    solid = np.quantile(popularity, 0.75)
    paired = np.unique(pairs[:, 0])
    popularity[paired] = np.maximum(popularity[paired], solid)
    popularity[new] = np.maximum(popularity[new], 2 * solid)
    popularity[[index for index, product in enumerate(goods) if product.line in TREND]] = solid
    popularity[unsold] = 0.0
    return Assortment(goods, pairs, confidence, popularity, np.sort(unavailable), np.sort(new), np.sort(unsold))


def _pairs(goods: tuple[Product, ...]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    by_line: dict[str, list[int]] = {}
    for index, product in enumerate(goods):
        by_line.setdefault(product.line, []).append(index)
    pairs = [
        (item, by_line[complement.partner][position % len(by_line[complement.partner])], complement.confidence)
        for complement in COMPLEMENTS
        for position, item in enumerate(by_line[complement.line])
    ]
    return np.array([pair[:2] for pair in pairs]), np.array([pair[2] for pair in pairs])


def tastes() -> NDArray[np.float64]:
    """(n_segments, n_categories): how much each segment wants each category."""
    return np.array(
        [[wanted.get(category.name, _BACKGROUND) for category in CATEGORIES] for wanted in SEGMENTS.values()]
    )


def demand(goods: Assortment) -> NDArray[np.float64]:
    """(n_segments, WEEKS, n_items): the chance that a pick of the segment in that week is the item; sums to one."""
    category_index = {category.name: index for index, category in enumerate(CATEGORIES)}
    category = np.array([category_index[product.category] for product in goods.products])
    weekly = goods.popularity * _season()[:, category] * _trend(goods)
    weekly[:, np.concatenate([goods.line(line) for line in CONSUMABLES])] *= _IMPULSE
    weekly[: WEEKS - LAUNCH_WEEKS, goods.new] = 0.0
    wanted = tastes()[:, None, category] * weekly
    chances: NDArray[np.float64] = wanted / wanted.sum(axis=2, keepdims=True)
    return chances


def _season() -> NDArray[np.float64]:
    """(WEEKS, n_categories)"""
    peak = np.array([category.peak_week for category in CATEGORIES])
    swing = np.array([category.swing for category in CATEGORIES])
    season: NDArray[np.float64] = 1 + swing * np.cos(2 * np.pi * (np.arange(WEEKS)[:, None] - peak) / 52)
    return season


def _trend(goods: Assortment) -> NDArray[np.float64]:
    """(WEEKS, n_items)"""
    progress = np.clip((np.arange(WEEKS) - (WEEKS - TREND_WEEKS) + 1) / TREND_WEEKS, 0, 1)
    trend = np.ones((WEEKS, len(goods.products)))
    for line, factor in TREND.items():
        trend[:, goods.line(line)] = (factor**progress)[:, None]
    return trend

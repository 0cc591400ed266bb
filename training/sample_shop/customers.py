"""The sample shop's customers and guests, when they come, and what they put in their baskets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from artifacts.model.half_lives import SECONDS_PER_DAY
from training.sample_shop.catalogue import CATEGORIES
from training.sample_shop.demand import CONSUMABLES, DAYS, SEGMENTS, WEEKS, Assortment, demand, tastes

N_CUSTOMERS = 4_000
GUEST_SHARE = 0.2  # of all baskets
GUEST = -1
NO_ITEM = -1

_MEAN_VISITS = 4.0
_VISITS_SHAPE = 0.6  # of the gamma that visits are drawn from: the lower, the more skewed
_OLD_CUSTOMERS = 0.4  # share who were customers before the history begins
_LEAVERS = 0.4  # share who stop coming, after LEAVE_DAYS on average
_LEAVE_DAYS = 200
_SUBSCRIPTION = 0.065  # chance of using up a consumable, for each unit of taste for its category
_INTERVAL_SPREAD = 0.2  # standard deviation of the logarithm of a consumable's interval
_OWN_TASTE, _SECOND_TASTE = 0.72, 0.18  # shares of picks; the rest follow anybody's taste
_BUSY = np.array([1.05, 0.95, 0.95, 1.0, 1.1, 1.3, 1.2])  # by day of a week
_GIFT_DAYS, _GIFTS = slice(335, 366), 1.5  # once, about the end of the first year
_HOURS = np.array([0] * 7 + [2, 3, 4, 5, 5, 6, 5, 4, 4, 5, 6, 8, 10, 11, 9, 5, 1])


@dataclass(frozen=True, slots=True)
class Customers:
    """All int64 (n_customers,): segment indexes of the first and second taste, first and last day as a customer."""

    taste: NDArray[np.int64]
    second_taste: NDArray[np.int64]
    joined: NDArray[np.int64]
    left: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Baskets:
    """Visits that end in a purchase, in order of time. All int64 (n_baskets,).

    `customer` is GUEST for guests, `second` counts from the start of the first day, `staple` is the item the
    customer came for, or NO_ITEM.
    """

    customer: NDArray[np.int64]
    taste: NDArray[np.int64]
    second_taste: NDArray[np.int64]
    second: NDArray[np.int64]
    staple: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.customer)


@dataclass(frozen=True, slots=True)
class Picks:
    """Items in baskets, int64 (n_picks,) each: the basket's index and the item's."""

    basket: NDArray[np.int64]
    item: NDArray[np.int64]


def customers(rng: np.random.Generator) -> Customers:
    """Most join over time, some were there before; some leave."""
    joined = np.where(rng.random(N_CUSTOMERS) < _OLD_CUSTOMERS, 0, rng.integers(0, DAYS - 7, N_CUSTOMERS))
    stays = np.where(rng.random(N_CUSTOMERS) < _LEAVERS, rng.exponential(_LEAVE_DAYS, N_CUSTOMERS), DAYS)
    return Customers(
        taste=rng.integers(0, len(SEGMENTS), N_CUSTOMERS),
        second_taste=rng.integers(0, len(SEGMENTS), N_CUSTOMERS),
        joined=joined,
        left=np.minimum(joined + stays.astype(np.int64), DAYS - 1),
    )


def baskets(people: Customers, goods: Assortment, rng: np.random.Generator) -> Baskets:
    """Visits to browse, visits for a consumable that ran out, and guests'."""
    browsing, browse_day = _visits(people, rng)
    restocking, restock_day, needed = _restocks(people, goods, rng)
    member = np.concatenate([browsing, restocking])
    n_guests = round(len(member) * GUEST_SHARE / (1 - GUEST_SHARE))
    passing = rng.integers(0, N_CUSTOMERS, n_guests)  # a guest has the tastes of somebody
    who = np.concatenate([member, passing])
    day = np.concatenate([browse_day, restock_day, _days(np.full(n_guests, 0), np.full(n_guests, DAYS - 1), rng)])
    hour = rng.choice(24, len(who), p=_HOURS / _HOURS.sum())
    second = (day * 24 + hour) * 3600 + rng.integers(0, 3600, len(who))
    order = np.argsort(second, kind="stable")
    staple = np.concatenate([np.full(len(browsing), NO_ITEM), needed, np.full(n_guests, NO_ITEM)])
    customer = np.concatenate([member, np.full(n_guests, GUEST)])
    return Baskets(
        customer[order], people.taste[who][order], people.second_taste[who][order], second[order], staple[order]
    )


def _visits(people: Customers, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rate = rng.gamma(_VISITS_SHAPE, _MEAN_VISITS / _VISITS_SHAPE, N_CUSTOMERS)
    who = np.repeat(np.arange(N_CUSTOMERS), 1 + rng.poisson(rate))
    return who, _days(people.joined[who], people.left[who], rng)


def _days(first: NDArray[np.int64], last: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A day in [first, last] for each, likelier at the end of a week and when gifts are bought."""
    busy = np.tile(_BUSY, WEEKS)
    busy[_GIFT_DAYS] *= _GIFTS
    cumulative = np.concatenate([[0], np.cumsum(busy)])
    days = np.arange(DAYS + 1)
    start, end = np.interp(first, days, cumulative), np.interp(last + 1, days, cumulative)
    moment = np.interp(start + rng.random(len(start)) * (end - start), cumulative, days)
    day: NDArray[np.int64] = np.minimum(moment.astype(np.int64), DAYS - 1)
    return day


def _restocks(people: Customers, goods: Assortment, rng: np.random.Generator) -> NDArray[np.int64]:
    """(3, n_restocks): who comes on which day for which item: one favourite of a line, again and again."""
    lines = [_line_restocks(people, goods, line, interval, rng) for line, interval in CONSUMABLES.items()]
    return np.concatenate(lines, axis=1)


def _line_restocks(
    people: Customers, goods: Assortment, line: str, interval: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    items = goods.line(line)
    category = [category.name for category in CATEGORIES].index(goods.products[items[0]].category)
    users = np.flatnonzero(rng.random(N_CUSTOMERS) < _SUBSCRIPTION * tastes()[people.taste, category])
    chance = goods.popularity[items] / goods.popularity[items].sum()
    favourite = rng.choice(items, len(users), p=chance)
    gaps = interval * np.exp(_INTERVAL_SPREAD * rng.standard_normal((len(users), 2 * DAYS // interval)))
    start = people.joined[users] + rng.uniform(0, interval, len(users))
    day = np.floor(start[:, None] + np.cumsum(gaps, axis=1) - gaps[:, :1]).astype(np.int64)
    row, _ = within = np.nonzero(day <= people.left[users][:, None])
    return np.stack([users[row], day[within], favourite[row]])


def browsed(visits: Baskets, n_picks: NDArray[np.int64], goods: Assortment, rng: np.random.Generator) -> Picks:
    """`n_picks` items (n_baskets,) for each basket, by its customer's tastes and the week's demand."""
    basket = np.repeat(np.arange(len(visits)), n_picks)
    mood = rng.random(len(basket))
    segment = rng.integers(0, len(SEGMENTS), len(basket))
    segment = np.where(mood < _OWN_TASTE + _SECOND_TASTE, visits.second_taste[basket], segment)
    segment = np.where(mood < _OWN_TASTE, visits.taste[basket], segment)
    row = segment * WEEKS + np.minimum(visits.second[basket] // (7 * SECONDS_PER_DAY), WEEKS - 1)
    cumulative = np.cumsum(demand(goods), axis=2).reshape(-1, len(goods.products))
    cumulative /= cumulative[:, -1:]
    # Row r holds values in (r, r + 1], so that one sorted search serves all rows.
    steps = (cumulative + np.arange(len(cumulative))[:, None]).ravel()
    position = np.searchsorted(steps, row + rng.random(len(row)), side="right")
    return Picks(basket, position - row * len(goods.products))


def bought(visits: Baskets, goods: Assortment, rng: np.random.Generator) -> Picks:
    """What is bought: the staple, what else caught the eye, and the complements of both; an item once a basket."""
    came_for_something = visits.staple != NO_ITEM
    extra = np.where(came_for_something, rng.geometric(0.6, len(visits)) - 1, rng.geometric(0.45, len(visits)))
    chosen = browsed(visits, extra, goods, rng)
    basket = np.concatenate([np.flatnonzero(came_for_something), chosen.basket])
    item = np.concatenate([visits.staple[came_for_something], chosen.item])
    added = _complements(Picks(basket, item), goods, rng)
    n_items = len(goods.products)
    unique = np.unique(np.concatenate([basket, added.basket]) * n_items + np.concatenate([item, added.item]))
    return Picks(unique // n_items, unique % n_items)


def _complements(picks: Picks, goods: Assortment, rng: np.random.Generator) -> Picks:
    added = [
        (basket[rng.random(len(basket)) < confidence], partner)
        for (item, partner), confidence in zip(goods.pairs, goods.confidence, strict=True)
        for basket in [np.unique(picks.basket[picks.item == item])]
    ]
    return Picks(
        np.concatenate([basket for basket, _ in added]),
        np.concatenate([np.full(len(basket), partner) for basket, partner in added]),
    )

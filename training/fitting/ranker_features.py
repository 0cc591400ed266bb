"""What the ranker's features say of items and of users, before any of them meet."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.model.half_lives import SECONDS_PER_DAY
from artifacts.model.model import History, Popularity, RankerFeatures
from artifacts.queries.ranker_features import ITEM_FEATURES, NEVER_BOUGHT, USER_FEATURES
from training.interactions.dataset import GUEST, Dataset
from training.interactions.ordering import begins_run, distinct, stable_order

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Indexes = npt.NDArray[np.int32]
SMOOTHING = 0.002  # of a share of customers, where two of them are divided


@dataclass(frozen=True)
class _Purchases:
    """Each distinct (basket, item) that was bought: (n,) each, oldest first. `age` in days; `user` GUEST for guests;
    `first` tells a known user's first purchase of the item; `log_price` is NaN where the price is unknown."""

    user: Indexes
    item: Indexes
    basket: Ints
    age: Floats
    first: npt.NDArray[np.bool_]
    log_price: Floats
    log_quantity: Floats
    log_basket_size: Floats


@dataclass(frozen=True)
class _Pairs:
    """Each (user, item) that was bought: (n,) each, by user, then item. `key` is user * n_items + item; `first` is in
    Unix seconds, `newest` and `oldest` are in days ago."""

    key: Ints
    item: Indexes
    first: Ints
    newest: Floats
    oldest: Floats


def count_ranker_features(dataset: Dataset, history: History, popularity: Popularity) -> RankerFeatures:
    """The features of every item and every user as of the dataset's newest event."""
    pairs = _read_pairs(dataset, history)
    bought = _read(dataset, pairs)
    items = _item_features(bought, pairs, dataset, popularity)
    users = _user_features(bought, items, dataset, history)
    return RankerFeatures(
        np.vstack([items[name] for name in ITEM_FEATURES]).astype(np.float32),
        np.column_stack([users[name] for name in USER_FEATURES]).astype(np.float32),
    )


def no_ranker_features(dataset: Dataset) -> RankerFeatures:
    """No features, for a recipe without a ranker: they take as long as all else about a large shop's items."""
    return RankerFeatures(np.empty((0, dataset.n_items), np.float32), np.empty((dataset.n_users, 0), np.float32))


def _read_pairs(dataset: Dataset, history: History) -> _Pairs:
    bought = np.flatnonzero(history.times_bought)
    user = np.repeat(np.arange(dataset.n_users), np.diff(history.indptr))[bought]
    item, first = history.items[bought], history.first[bought]
    newest, oldest = (_age(time, dataset) for time in (history.last[bought], first))
    return _Pairs(user * dataset.n_items + item, item, first, newest, oldest)


def _read(dataset: Dataset, pairs: _Pairs) -> _Purchases:
    rows = dataset.sales[stable_order(dataset.sales)]
    user, item, basket = dataset.user[rows], dataset.item[rows], dataset.basket[rows]
    with np.errstate(divide="ignore"):
        log_price = np.log(dataset.price[rows].astype(np.float64))
    return _Purchases(
        user=user,
        item=item,
        basket=basket,
        age=_age(dataset.time[rows], dataset),
        first=_first(dataset, rows, pairs),
        log_price=np.where(np.isfinite(log_price), log_price, np.nan),
        log_quantity=np.log(np.maximum(dataset.quantity[rows], 1e-3)),
        log_basket_size=np.log(np.maximum(np.bincount(basket), 1))[basket],
    )


def _age(time: Ints, dataset: Dataset) -> Floats:
    return np.asarray((dataset.until - time) / SECONDS_PER_DAY, np.float64)


def _first(dataset: Dataset, rows: Ints, pairs: _Pairs) -> npt.NDArray[np.bool_]:
    """Whether each purchase (n,) is a known user's first one of its item. Looked up in the order of the pairs: at
    random, each of as many look-ups would wait for the memory."""
    known = np.flatnonzero(dataset.user[rows] != GUEST)
    keys = dataset.user[rows[known]] * np.int64(dataset.n_items) + dataset.item[rows[known]]
    order = stable_order(keys)
    keys, known = keys[order], known[order]
    first = np.zeros(len(rows), np.bool_)
    first[known] = pairs.first[np.searchsorted(pairs.key, keys)] == dataset.time[rows[known]]
    return first


def _item_features(bought: _Purchases, pairs: _Pairs, dataset: Dataset, popularity: Popularity) -> dict[str, Floats]:
    n_items, known = dataset.n_items, bought.user != GUEST
    active = {days: _count_users(bought.user[known & (bought.age < days)], dataset) for days in (7, 14, 28, 84)}
    share = {days: np.bincount(pairs.item[pairs.newest < days], minlength=n_items) / active[days] for days in active}
    newly = {days: np.bincount(pairs.item[pairs.oldest < days], minlength=n_items) / active[days] for days in active}
    before = _buyers(bought, known & (bought.age >= 14) & (bought.age < 28), dataset)
    buyers = np.bincount(pairs.item, minlength=n_items)
    lines = np.bincount(bought.item[known], minlength=n_items)
    # No past window holds an item that was never sold: for the trees it is one that has not sold since the beginning.
    unsold = float(bought.age.max(initial=0))
    features = {f"buyers_{days}": value for days, value in share.items()}
    features |= {f"newcomers_{days}": newly[days] for days in (7, 14, 28)}
    return features | {
        "trend_week": (share[7] + SMOOTHING) / (share[28] + SMOOTHING),
        "trend_fortnight": (share[14] + SMOOTHING) / (before + SMOOTHING),
        "trend_month": (share[28] + SMOOTHING) / (share[84] + SMOOTHING),
        "guests_28": _guests(bought, n_items),
        "age_days": _extreme(np.fmax, bought.item, bought.age, n_items, unsold),
        "idle_days": _extreme(np.fmin, bought.item, bought.age, n_items, unsold),
        "log_price": _mean(bought.item, bought.log_price, n_items),
        "log_quantity": _mean(bought.item, bought.log_quantity, n_items),
        "repeat_rate": popularity.repeat_rate.astype(np.float64),
        "baskets_per_buyer": (lines + 5) / (buyers + 5),
        "rebuy_rate": _rebuy_rate(bought, known, n_items),
        "log_basket_size": _mean(bought.item, bought.log_basket_size, n_items),
        "log_buyers": np.log1p(buyers),
    }


def _user_features(
    bought: _Purchases, items: dict[str, Floats], dataset: Dataset, history: History
) -> dict[str, Floats]:
    n_users, known = dataset.n_users, bought.user != GUEST
    user, item, age = bought.user[known], bought.item[known], bought.age[known]
    visits = _first_rows(bought.basket[known])
    visitor, visited = user[visits], age[visits]
    baskets = np.bincount(visitor, minlength=n_users).astype(np.float64)
    lines = np.bincount(user, minlength=n_users)
    idle = _extreme(np.fmin, visitor, visited, n_users, NEVER_BOUGHT)
    since_first = _extreme(np.fmax, visitor, visited, n_users, NEVER_BOUGHT)
    price = _mean(user, bought.log_price[known], n_users)
    later = age < since_first[user] - 1e-6
    new = np.bincount(user[later & bought.first[known]], minlength=n_users)
    return {
        "user_baskets": baskets,
        "user_baskets_28": np.bincount(visitor[visited < 28], minlength=n_users).astype(np.float64),
        "user_baskets_84": np.bincount(visitor[visited < 84], minlength=n_users).astype(np.float64),
        "user_idle_days": idle,
        "user_age_days": since_first,
        "user_items": np.diff(history.indptr).astype(np.float64),
        "user_basket_size": lines / np.maximum(baskets, 1),
        "user_gap_days": np.where(baskets > 1, (since_first - idle) / np.maximum(baskets - 1, 1), NEVER_BOUGHT),
        "user_log_price": price,
        "user_price_spread": np.sqrt(_mean(user, (bought.log_price[known] - price[user]) ** 2, n_users)),
        "user_log_quantity": _mean(user, bought.log_quantity[known], n_users),
        "user_log_buyers": _mean(user, items["log_buyers"][item], n_users),
        "user_log_age": _mean(user, np.log1p(items["age_days"][item] - age), n_users),
        "user_newness": (new + 3.0) / (np.bincount(user[later], minlength=n_users) + 6.0),
    }


def _first_rows(basket: Ints) -> Ints:
    """The first row of each basket."""
    order = stable_order(basket)
    return order[begins_run(basket[order])]


def _count_users(user: Indexes, dataset: Dataset) -> int:
    """How many there are, at least 1 to divide by."""
    return max(int(np.count_nonzero(np.bincount(user, minlength=dataset.n_users))), 1)


def _buyers(bought: _Purchases, active: npt.NDArray[np.bool_], dataset: Dataset) -> Floats:
    """Of the users with an `active` purchase, the share with one of each item."""
    items = _pairs(bought, active, dataset.n_items) % dataset.n_items
    return np.bincount(items, minlength=dataset.n_items) / _count_users(bought.user[active], dataset)


def _guests(bought: _Purchases, n_items: int) -> Floats:
    recent = (bought.user == GUEST) & (bought.age < 28)
    return np.bincount(bought.item[recent], minlength=n_items) / max(len(distinct(bought.basket[recent])), 1)


def _rebuy_rate(bought: _Purchases, known: npt.NDArray[np.bool_], n_items: int) -> Floats:
    """Shrunk towards the shop's rate by ten buyers."""
    earlier = _pairs(bought, known & (bought.age >= 28) & (bought.age < 84), n_items)
    again = np.intersect1d(earlier, _pairs(bought, known & (bought.age < 28), n_items), assume_unique=True)
    n_earlier = np.bincount(earlier % n_items, minlength=n_items)
    n_again = np.bincount(again % n_items, minlength=n_items)
    return np.asarray((n_again + 10 * n_again.sum() / max(n_earlier.sum(), 1)) / (n_earlier + 10))


def _pairs(bought: _Purchases, chosen: npt.NDArray[np.bool_], n_items: int) -> Ints:
    """Each distinct user * n_items + item of the chosen purchases."""
    return distinct(bought.user[chosen] * np.int64(n_items) + bought.item[chosen])


def _extreme(pick: np.ufunc, group: Indexes, values: Floats, n_groups: int, empty: float) -> Floats:
    found = np.full(n_groups, np.nan)
    pick.at(found, group, values)
    return np.where(np.isnan(found), empty, found)


def _mean(group: Indexes, values: Floats, n_groups: int) -> Floats:
    """The mean of each group over the values that are known; the mean of all where a group has none."""
    known = np.isfinite(values)
    if not known.all():
        group, values = group[known], values[known]
    count = np.bincount(group, minlength=n_groups)
    total = np.bincount(group, values, n_groups)
    overall = float(values.mean()) if len(values) else 0.0
    return np.where(count > 0, total / np.maximum(count, 1), overall)

"""What the ranker's features say of items and of users, before any of them meet."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.features import ITEM_FEATURES, NEVER, USER_FEATURES
from artifacts.model import History, Popularity, Ranking
from training.dataset import GUEST, Dataset
from training.history import SECONDS_PER_DAY

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SMOOTHING = 0.002  # of a share of customers, where two of them are divided


@dataclass(frozen=True)
class _Purchases:
    """Each distinct (basket, item) that was bought: (n,) each, oldest first. `age` in days; `user` GUEST for guests;
    `first` tells a known user's first purchase of the item; `log_price` is NaN where the price is unknown."""

    user: Ints
    item: Ints
    basket: Ints
    age: Floats
    first: npt.NDArray[np.bool_]
    log_price: Floats
    log_quantity: Floats
    log_basket_size: Floats


def rank_features(dataset: Dataset, history: History, popularity: Popularity) -> Ranking:
    """The features of every item and every user as of the dataset's newest event."""
    bought = _read(dataset, history)
    items = _item_features(bought, dataset, history, popularity)
    users = _user_features(bought, items, dataset, history)
    return Ranking(
        np.vstack([items[name] for name in ITEM_FEATURES]).astype(np.float32),
        np.column_stack([users[name] for name in USER_FEATURES]).astype(np.float32),
    )


def _read(dataset: Dataset, history: History) -> _Purchases:
    rows = np.flatnonzero(dataset.purchase)
    keys = dataset.basket[rows] * dataset.n_items + dataset.item[rows]
    _, start = np.unique(keys, return_index=True)
    rows = np.sort(rows[start])
    user, item = dataset.user[rows].astype(np.int64), dataset.item[rows].astype(np.int64)
    pairs = np.repeat(np.arange(dataset.n_users), np.diff(history.indptr)) * dataset.n_items + history.items
    entry = np.searchsorted(pairs, user * dataset.n_items + item)
    first = np.zeros(len(rows), np.bool_)
    known = user != GUEST
    first[known] = history.first[entry[known]] == dataset.time[rows[known]]
    with np.errstate(divide="ignore"):
        log_price = np.log(dataset.price[rows].astype(np.float64))
    size = np.bincount(dataset.basket[rows])[dataset.basket[rows]]
    return _Purchases(
        user=user,
        item=item,
        basket=dataset.basket[rows],
        age=(dataset.until - dataset.time[rows]) / SECONDS_PER_DAY,
        first=first,
        log_price=np.where(np.isfinite(log_price), log_price, np.nan),
        log_quantity=np.log(np.maximum(dataset.quantity[rows], 1e-3)),
        log_basket_size=np.log(size),
    )


def _item_features(bought: _Purchases, dataset: Dataset, history: History, popularity: Popularity) -> dict[str, Floats]:
    n_items, known = dataset.n_items, bought.user != GUEST
    everything = np.ones(len(known), np.bool_)
    share = {days: _buyers(bought, known & (bought.age < days), everything, n_items) for days in (7, 14, 28, 84)}
    before = _buyers(bought, known & (bought.age >= 14) & (bought.age < 28), everything, n_items)
    newly = {days: _buyers(bought, known & (bought.age < days), bought.first, n_items) for days in (7, 14, 28)}
    buyers = np.bincount(history.items[history.times_bought > 0], minlength=n_items)
    lines = np.bincount(bought.item[known], minlength=n_items)
    # No past window holds an item that was never sold: for the trees it is one that has not sold since the beginning.
    unsold = float(bought.age.max(initial=0))
    features = {f"buyers_{days}": value for days, value in share.items()}
    features |= {f"newcomers_{days}": value for days, value in newly.items()}
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
    _, start = np.unique(bought.basket[known], return_index=True)
    visitor, visited = user[start], age[start]
    baskets = np.bincount(visitor, minlength=n_users).astype(np.float64)
    lines = np.bincount(user, minlength=n_users)
    idle = _extreme(np.fmin, visitor, visited, n_users, NEVER)
    since_first = _extreme(np.fmax, visitor, visited, n_users, NEVER)
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
        "user_gap_days": np.where(baskets > 1, (since_first - idle) / np.maximum(baskets - 1, 1), NEVER),
        "user_log_price": price,
        "user_price_spread": np.sqrt(_mean(user, (bought.log_price[known] - price[user]) ** 2, n_users)),
        "user_log_quantity": _mean(user, bought.log_quantity[known], n_users),
        "user_log_buyers": _mean(user, items["log_buyers"][item], n_users),
        "user_log_age": _mean(user, np.log1p(items["age_days"][item] - age), n_users),
        "user_newness": (new + 3.0) / (np.bincount(user[later], minlength=n_users) + 6.0),
    }


def _buyers(bought: _Purchases, active: npt.NDArray[np.bool_], counted: npt.NDArray[np.bool_], n_items: int) -> Floats:
    """Of the users with an `active` purchase, the share with one of each item that is `counted` too."""
    chosen = active & counted
    pairs = np.unique(bought.user[chosen] * n_items + bought.item[chosen])
    return np.bincount(pairs % n_items, minlength=n_items) / max(len(np.unique(bought.user[active])), 1)


def _guests(bought: _Purchases, n_items: int) -> Floats:
    recent = (bought.user == GUEST) & (bought.age < 28)
    return np.bincount(bought.item[recent], minlength=n_items) / max(len(np.unique(bought.basket[recent])), 1)


def _rebuy_rate(bought: _Purchases, known: npt.NDArray[np.bool_], n_items: int) -> Floats:
    """Shrunk towards the shop's rate by ten buyers."""
    pairs = bought.user * n_items + bought.item
    earlier = np.unique(pairs[known & (bought.age >= 28) & (bought.age < 84)])
    again = earlier[np.isin(earlier, pairs[known & (bought.age < 28)])]
    n_earlier = np.bincount(earlier % n_items, minlength=n_items)
    n_again = np.bincount(again % n_items, minlength=n_items)
    return np.asarray((n_again + 10 * n_again.sum() / max(n_earlier.sum(), 1)) / (n_earlier + 10))


def _extreme(pick: np.ufunc, group: Ints, values: Floats, n_groups: int, empty: float) -> Floats:
    found = np.full(n_groups, np.nan)
    pick.at(found, group, values)
    return np.where(np.isnan(found), empty, found)


def _mean(group: Ints, values: Floats, n_groups: int) -> Floats:
    """The mean of each group over the values that are known; the mean of all where a group has none."""
    known = np.isfinite(values)
    count = np.bincount(group[known], minlength=n_groups)
    total = np.bincount(group[known], values[known], n_groups)
    overall = float(values[known].mean()) if known.any() else 0.0
    return np.where(count > 0, total / np.maximum(count, 1), overall)

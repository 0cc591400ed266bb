"""The kinds of requests that are put to a shop, each for thousands of different users."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from artifacts.model.model import Model
from benchmarks.workload import ITEMS, Request, Workload, user_target

N_REQUESTS = 2_000
SHARE_LEFT = 0.01  # of the items, by the filter
LEAST_LEFT = 3 * ITEMS  # in a small shop a hundredth would leave nothing to choose from
BASKET_ITEMS = 3

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Narrowing:
    """A filter as a query string, and the items that it leaves: `mask` (n_items,)."""

    query: str
    mask: Mask

    @property
    def name(self) -> str:
        return f"filter that leaves {self.mask.mean():.1%}"


def of_users(name: str, model: Model, rng: np.random.Generator, narrowing: Narrowing) -> Workload:
    """What a filter leaves for users that have ITEMS left."""
    users = _users(model, rng, narrowing.mask)
    return Workload(name, [Request(user_target(model.user_ids[user], narrowing.query)) for user in users])


def variants(model: Model, rng: np.random.Generator) -> Iterator[Workload]:
    """All kinds but the plain one; no filter where the shop has neither categories nor prices."""
    narrowing = find_narrowing(model)
    if narrowing is not None:
        yield of_users(narrowing.name, model, rng, narrowing)
    yield Workload("recent_items", [_session(model, user, rng) for user in _users(model, rng, everything(model).mask)])
    yield Workload("basket", [_basket(model, rng) for _ in range(N_REQUESTS)])
    yield of_users("explain", model, rng, Narrowing("?explain=true", everything(model).mask))


def everything(model: Model) -> Narrowing:
    """No filter."""
    return Narrowing("", np.asarray(model.catalogue.available))


def find_narrowing(model: Model) -> Narrowing | None:
    """The category that comes nearest to SHARE_LEFT of the items, or else a band of prices."""
    n_wanted = max(SHARE_LEFT * len(model.item_ids), LEAST_LEFT)
    return _category(model, n_wanted) or _price_band(model, n_wanted)


def _category(model: Model, n_wanted: float) -> Narrowing | None:
    catalogue = model.catalogue
    counts = np.bincount(catalogue.category[catalogue.available & (catalogue.category >= 0)])
    if len(counts) == 0:
        return None
    nearest = int(np.argmin(np.abs(counts - n_wanted)))
    if not n_wanted / 2 <= counts[nearest] <= n_wanted * 2:
        return None
    query = "?" + urlencode({"category": catalogue.categories[nearest]})
    return Narrowing(query, catalogue.available & (catalogue.category == nearest))


def _price_band(model: Model, n_wanted: float) -> Narrowing | None:
    price = np.where(model.catalogue.available, model.catalogue.price, np.nan)
    prices, counts = np.unique(price[~np.isnan(price)], return_counts=True)
    if len(prices) == 0:
        return None
    below = np.concatenate([[0], np.cumsum(counts)])
    last = np.minimum(np.searchsorted(below[1:], below[:-1] + n_wanted), len(prices) - 1)
    first = int(np.argmin(np.abs(below[last + 1] - below[:-1] - n_wanted)))
    low, high = float(prices[first]), float(prices[last[first]])
    return Narrowing("?" + urlencode({"min_price": low, "max_price": high}), (price >= low) & (price <= high))


def _users(model: Model, rng: np.random.Generator, mask: Mask) -> list[int]:
    """Users, in any order, for whom ITEMS of the mask are left that they have not bought."""
    n_left = int(np.count_nonzero(mask))
    users = []
    for user in rng.permutation(len(model.user_ids)).tolist():
        if n_left - int(np.count_nonzero(mask[_bought(model, user)])) >= ITEMS:
            users.append(user)
        if len(users) == N_REQUESTS:
            break
    return users


def _bought(model: Model, user: int) -> npt.NDArray[np.int32]:
    row = model.history.row(user)
    items: npt.NDArray[np.int32] = model.history.items[row]
    return items[model.history.times_bought[row] > 0]


def _session(model: Model, user: int, rng: np.random.Generator) -> Request:
    body = {"user_id": model.user_ids[user], "recent_items": _some_items(model, rng)}
    return Request("/v1/recommendations", json.dumps(body))


def _basket(model: Model, rng: np.random.Generator) -> Request:
    return Request("/v1/cross-sell", json.dumps({"items": _some_items(model, rng)}))


def _some_items(model: Model, rng: np.random.Generator) -> list[str]:
    """Items that some user bought: best sellers more often than others, and such as go together."""
    bought = np.empty(0, np.int32)
    while len(bought) == 0:
        bought = _bought(model, int(rng.integers(len(model.user_ids))))
    items = rng.choice(bought, min(BASKET_ITEMS, len(bought)), replace=False)
    return [model.item_ids[item] for item in items.tolist()]

"""The ranker's features of each candidate with its user, in the order of PAIR_FEATURES."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.compiled import compiled
from artifacts.core.steps.ids import UNKNOWN, find_item
from artifacts.core.steps.machine_words import inner_product
from artifacts.core.steps.person import Person, Weights
from artifacts.core.steps.top_k import order_of
from artifacts.model.half_lives import SECONDS_PER_DAY
from artifacts.queries.ranker_features import ITEM_FEATURES, NEVER_BOUGHT, PAIR_FEATURES, USER_FEATURES

# Places in the tables of features; NumPy's strings are not for compiled code.
LOG_PRICE, LOG_BUYERS, LOG_QUANTITY = (
    ITEM_FEATURES.index(name) for name in ("log_price", "log_buyers", "log_quantity")
)
USER_BASKETS, USER_IDLE_DAYS = USER_FEATURES.index("user_baskets"), USER_FEATURES.index("user_idle_days")
USER_LOG_PRICE, USER_PRICE_SPREAD = USER_FEATURES.index("user_log_price"), USER_FEATURES.index("user_price_spread")
USER_LOG_BUYERS, USER_LOG_AGE = USER_FEATURES.index("user_log_buyers"), USER_FEATURES.index("user_log_age")
USER_LOG_QUANTITY = USER_FEATURES.index("user_log_quantity")
# The first of the scores, of the user's habits, and of the differences.
SCORES, HABITS, DIFFERENCES = (PAIR_FEATURES.index(name) for name in ("als", "times_bought", "price_difference"))
N_HABITS = DIFFERENCES - HABITS
N_COUNTS = 3  # of the habits are 0 for what was never bought, the others NEVER_BOUGHT

Items = npt.NDArray[np.int32]
Rows = npt.NDArray[np.float32]


class Known(NamedTuple):
    """What is known beforehand: `items` (n_item_features, n_items) and `users` (n_users, n_user_features) float32;
    `log_age` (n_items,) float32 of the items; `log_places` (n_candidates,) float32, what a place counts for; `until`,
    Unix seconds of the version's now."""

    items: Rows
    users: Rows
    log_age: npt.NDArray[np.float32]
    log_places: npt.NDArray[np.float32]
    until: int


class Sorting(NamedTuple):
    """What ordering scores takes: `order` and `spare` (n_candidates,) int32, `keys` (n_candidates,) uint32, `starts`
    (257,) int32."""

    order: Items
    spare: Items
    keys: npt.NDArray[np.uint32]
    starts: Items


@compiled
def write_features(
    known: Known,
    vectors: Rows,
    weights: Weights,
    person: Person,
    query: npt.NDArray[np.float32],
    items: Items,
    neighbour_scores: npt.NDArray[np.float32],
    sorting: Sorting,
    rows: Rows,
) -> None:
    """Write the pair features of candidates (n,) to `rows` (n_pair_features, n_candidates)."""
    user = known.users[person.user]
    for place in range(len(items)):
        _write_habits(known, person, user, items[place], place, rows)
        _write_scores(vectors, weights, query, items[place], place, rows)
        _write_differences(known, user, items[place], place, rows)
        rows[SCORES + 4, place] = neighbour_scores[place]
    for score in range(SCORES, SCORES + 8, 2):
        order_of(rows[score], len(items), sorting.order, sorting.keys, sorting.spare, sorting.starts)
        for place in range(len(items)):
            rows[score + 1, sorting.order[place]] = known.log_places[place]


@compiled
def _write_scores(
    vectors: Rows, weights: Weights, query: npt.NDArray[np.float32], item: int, place: int, rows: Rows
) -> None:
    """The parts of the blend and the blend itself; after the habits, whose frequency it counts."""
    width = len(query)
    n_factors, start = (width - 2) // 2, item * width
    als = inner_product(vectors, start, query, 0, n_factors)
    newcomer = inner_product(vectors, start + n_factors, query, n_factors, n_factors)
    sales = vectors[item, width - 2] * query[width - 2] + vectors[item, width - 1] * query[width - 1]
    rows[SCORES, place], rows[SCORES + 2, place] = als, newcomer
    rows[SCORES + 6, place] = als + newcomer + sales + weights.frequency * rows[HABITS + 1, place]


@compiled
def _write_habits(known: Known, person: Person, user: Rows, item: int, place: int, rows: Rows) -> None:
    """The user's own interactions with an item."""
    entry = find_item(person.bought_items, item)
    if entry == UNKNOWN or person.times_bought[entry] == 0:
        for habit in range(N_HABITS):
            rows[HABITS + habit, place] = 0 if habit < N_COUNTS else NEVER_BOUGHT
        return
    bought = np.float32(person.times_bought[entry])
    first, last = min(person.first[entry], known.until), min(person.last[entry], known.until)
    since = (known.until - last) / SECONDS_PER_DAY
    gap = (last - first) / SECONDS_PER_DAY / max(bought - np.float32(1), np.float32(1))
    rows[HABITS, place] = bought
    rows[HABITS + 1, place] = person.frequency[entry]
    rows[HABITS + 2, place] = person.bought_strength[entry]
    rows[HABITS + 3, place] = since
    rows[HABITS + 4, place] = (known.until - first) / SECONDS_PER_DAY
    rows[HABITS + 5, place] = gap
    rows[HABITS + 6, place] = since / max(gap, 1.0) if bought > 1 else NEVER_BOUGHT
    rows[HABITS + 7, place] = bought / max(user[USER_BASKETS], np.float32(1))
    rows[HABITS + 8, place] = since - user[USER_IDLE_DAYS]


@compiled
def _write_differences(known: Known, user: Rows, item: int, place: int, rows: Rows) -> None:
    """How far an item is from what the user usually buys."""
    price = known.items[LOG_PRICE, item] - user[USER_LOG_PRICE]
    rows[DIFFERENCES, place] = price
    rows[DIFFERENCES + 1, place] = abs(price) / np.float32(np.float64(user[USER_PRICE_SPREAD]) + 0.2)
    rows[DIFFERENCES + 2, place] = known.items[LOG_BUYERS, item] - user[USER_LOG_BUYERS]
    rows[DIFFERENCES + 3, place] = known.log_age[item] - user[USER_LOG_AGE]
    rows[DIFFERENCES + 4, place] = known.items[LOG_QUANTITY, item] - user[USER_LOG_QUANTITY]

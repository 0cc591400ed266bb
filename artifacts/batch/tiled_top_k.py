"""The best items of many users at once, exactly, at little more than the cost of the matrix product.

Items and users are multiplied tile by tile, and of a tile's scores only the best of each group of items is kept. The
k-th best of a user's groups is a floor under the user's k-th best item: no group below it is looked at again, and no
tile whose items cannot reach it is multiplied at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.batch.item_bounds import ItemBounds

TILE = 1_024  # items multiplied at a time, by
STRIP = 512  # users: so many that the product runs at full speed, so few that the scores stay in the cache
# Items of whose scores the best is kept: few in the first tiles, where most picks are and would share a group.
FINE, FINE_TILES = 4, 4
COARSE = 64
BYTES_PER_USER = 8_192  # query vector, history and the pairs found

Indexes = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Pairs:
    """Users and items: `rows` (m,) int64, places among the users asked about; `items` (m,) int64."""

    rows: Indexes
    items: Indexes

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class SearchedUsers:
    """Users to find items for: `queries` (n, n_dimensions) float32, their query vectors; `lengths` (n,) float32,
    those of their ALS factors; `hidden`, items that are not to be found, by row and then by item."""

    queries: Scores
    lengths: Scores
    hidden: Pairs

    def __len__(self) -> int:
        return len(self.queries)


def bytes_per_user(item_bounds: ItemBounds) -> int:
    """About what `find_top_k` takes for each user: the maxima, a copy of them, and what they are compared to."""
    return 12 * int(_group_starts(item_bounds)[-1]) + BYTES_PER_USER


def _group_starts(item_bounds: ItemBounds) -> Indexes:
    """(n_tiles + 1,): the first group of each tile, and the end."""
    fine = np.arange(-(-len(item_bounds) // TILE)) < FINE_TILES
    return np.append(0, np.cumsum(np.where(fine, TILE // FINE, TILE // COARSE)))


def find_top_k(vectors: Scores, item_bounds: ItemBounds, users: SearchedUsers, k: int) -> Pairs:
    """The k best items of `item_bounds` for each user, in no order, along with a few more.

    `vectors` (n_items, n_dimensions) float32. Fewer than k are found only where there are no more. Which further items
    come along depends on rounding.
    """
    search = _Search(vectors, item_bounds, users, k)
    search.multiply()
    found = search.examine()
    keys, hidden = (pairs.rows * len(vectors) + pairs.items for pairs in (found, users.hidden))
    at = np.searchsorted(hidden, keys)
    at[at == len(hidden)] = 0
    shown = hidden[at] != keys if len(hidden) else np.ones(len(keys), np.bool_)
    return Pairs(found.rows[shown], found.items[shown])


def order_pairs(pairs: Pairs, scores: Scores, k: int) -> Indexes:
    """Which pairs are the k best of each user: by row, the best first, equal scores by the item's index."""
    keys = (pairs.rows << 32) - _as_integers(scores)
    order = np.argsort(keys)
    if (np.diff(keys[order]) == 0).any():
        order = np.lexsort((pairs.items, keys))
    rows = pairs.rows[order]
    return order[np.arange(len(rows)) - np.searchsorted(rows, rows) < k]


def _as_integers(scores: Scores) -> Indexes:
    """Integers of 32 bits in the order of the float32 scores: sorting one integer a pair takes a tenth of the time."""
    bits = (scores + np.float32(0)).view(np.int32).astype(np.int64)  # the sum makes -0 a 0
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


class _Search:
    """`maxima` (n, n_groups) float32: the best score of each group, -inf where no item of it can be answered; `floor`
    (n,) float32: below it is none of the user's k best, whatever the rounding.

    A tile's groups take turns at its items, so that items that stand side by side, which are alike in their prospects,
    are not in one group.
    """

    def __init__(self, vectors: Scores, item_bounds: ItemBounds, users: SearchedUsers, k: int) -> None:
        self.vectors, self.item_bounds, self.users, self.k = vectors, item_bounds, users, k
        self.starts = _group_starts(item_bounds)
        self.maxima = np.full((len(users), int(self.starts[-1])), -np.inf, np.float32)
        self.floor = np.full(len(users), -np.inf, np.float32)
        self.rounding = item_bounds.rounding(users.lengths, vectors.shape[1])
        self.buffer = np.empty(TILE * STRIP, np.float32)
        self.column = np.empty(len(users), np.int64)
        places = item_bounds.place[users.hidden.items]
        order = np.argsort(places)
        self.hidden_places, self.hidden_rows = places[order], users.hidden.rows[order]

    def multiply(self) -> None:
        """Fill in the maxima of all groups that may hold one of the k best."""
        strips = list(self._strips())
        changed = np.zeros(len(self.users), np.bool_)
        for tile in range(len(self.starts) - 1):
            needed = [rows[bounds[tile] >= self.floor[rows]] for rows, bounds in strips]
            self._multiply_tile(tile, [rows for rows in needed if len(rows)])
            for rows in needed:
                changed[rows] = True
            if tile & (tile + 1) == 0 or tile == len(self.starts) - 2:
                self._raise_floor(np.flatnonzero(changed), tile)
                changed[:] = False

    def _strips(self) -> Iterator[tuple[Indexes, Scores]]:
        """Users alike in length, and for each tile what none of them scores above."""
        by_length = np.argsort(self.users.lengths)
        for start in range(0, len(by_length), STRIP):
            rows = np.sort(by_length[start : start + STRIP])
            bounds = self.item_bounds.bounds(float(self.users.lengths[rows].max()))
            yield rows, np.maximum.reduceat(bounds, np.arange(0, len(bounds), TILE)) if len(bounds) else bounds

    def _multiply_tile(self, tile: int, needed: list[Indexes]) -> None:
        start = tile * TILE
        items = self.item_bounds.items[start : start + TILE]
        vectors = self.vectors[items] if needed else self.vectors[:0]
        groups = slice(*self.starts[tile : tile + 2].tolist())
        hidden = slice(*np.searchsorted(self.hidden_places, [start, start + len(items)]))
        for rows in needed:
            scores = self.buffer[: TILE * len(rows)].reshape(TILE, len(rows))
            np.matmul(vectors, self.users.queries[rows].T, out=scores[: len(items)])
            scores[len(items) :] = -np.inf
            self._hide(scores, rows, self.hidden_places[hidden] - start, self.hidden_rows[hidden])
            best = scores.reshape(-1, groups.stop - groups.start, len(rows)).max(axis=0)
            self.maxima[rows, groups] = best.T

    def _hide(self, scores: Scores, rows: Indexes, places: Indexes, hidden_rows: Indexes) -> None:
        self.column.fill(-1)
        self.column[rows] = np.arange(len(rows))
        columns = self.column[hidden_rows]
        here = columns >= 0
        scores[places[here], columns[here]] = -np.inf

    def _raise_floor(self, rows: Indexes, tile: int) -> None:
        """To the k-th best maximum of the groups so far."""
        maxima = self.maxima[rows, : self.starts[tile + 1]]
        if self.k <= maxima.shape[1]:
            at = maxima.shape[1] - self.k
            maxima.partition(at, axis=1)
            self.floor[rows] = maxima[:, at] - self.rounding[rows]

    def examine(self) -> Pairs:
        """The items that reach the floor, in the groups that do; hidden ones among them."""
        rows, groups = np.nonzero((self.maxima >= self.floor[:, np.newaxis]) & (self.maxima > -np.inf))
        order = np.argsort(groups, kind="stable")
        rows, groups = rows[order], groups[order]
        found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
        for group, rows_of_group in zip(groups[starts].tolist(), np.split(rows, starts[1:]), strict=False):
            items = self._items_of(group)
            scores = self.users.queries[rows_of_group] @ self.vectors[items].T
            row, item = np.nonzero(scores >= self.floor[rows_of_group, np.newaxis])
            found.append((rows_of_group[row], items[item]))
        return Pairs(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def _items_of(self, group: int) -> Indexes:
        tile = int(np.searchsorted(self.starts, group, side="right")) - 1
        first, stop = self.starts[tile : tile + 2].tolist()
        return self.item_bounds.items[tile * TILE : (tile + 1) * TILE][group - first :: stop - first]

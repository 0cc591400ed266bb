"""Items in descending order of the largest inner product they can give: an exact search that stops early."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Enough rows for most searches to end with; a second step costs as much as a thousand rows more.
FIRST = 1_024
GROWTH = 4
MOST_AT_ONCE = 32_768  # rows gathered at a time: bounds a search's memory
HEAD = 16_384
CUTS = 256
# A row that is picked out costs a few times one that is read in passing.
PICKED_SHARE = 0.25
# n u |x|.|y| bounds by how much a float32 inner product is off, which depends on the rows it is computed with (Higham
# 2002, "Accuracy and Stability of Numerical Algorithms", 3.5); two differ by twice that, and u is half of this.
EPSILON = float(np.finfo(np.float32).eps)
MINUS_INFINITY, LOWEST = np.float32(-np.inf), float(np.finfo(np.float32).min)

Vectors = npt.NDArray[np.float32]
FoundItems = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class NormOrder:
    """The order, and what bounds the scores from each place in it on.

    `starts` (n_parts,) int64 are the first columns of the vectors' parts, each of which is bounded by itself; `items`
    (n_items,) int32 are item indexes, longest vectors first; `head` (n_head, n_dimensions) float32 holds the first of
    their vectors; from place `cuts[c]` on no item's part p is longer than `longest[c, p]`, (n_cuts,) int64 from 0 on
    and (n_cuts, n_parts) float32.
    """

    starts: npt.NDArray[np.int64]
    items: npt.NDArray[np.int32]
    head: Vectors
    cuts: npt.NDArray[np.int64]
    longest: Vectors

    def find(self, vectors: Vectors, query: Vectors, eligible: npt.NDArray[np.bool_], k: int) -> FoundItems:
        """The k eligible items with the largest inner product with `query` (n_dimensions,), in no order, along with
        those that reach the worst of them but for rounding: item indexes (m,) int32 and scores (m,) float32.

        `vectors` (n_items, n_dimensions) and `eligible` (n_items,) are in the order of the items' indexes. Looks at the
        places in blocks until none behind can reach the k-th best score. There is at least one item.
        """
        bounds = self.bounds(query)
        rounding = len(query) * EPSILON * float(bounds[0])
        stop = min(FIRST, len(self.items))
        items, chosen = self.items[:stop], eligible.take(self.items[:stop])
        many = stop <= len(self.head) and np.count_nonzero(chosen) > PICKED_SHARE * stop
        if many:
            scores = np.where(chosen, self.head[:stop] @ query, MINUS_INFINITY)
        else:
            items = items[chosen]
            scores = vectors.take(items, 0) @ query
        items, scores, threshold = _leading(items, scores, k, rounding)
        reach = self.reach(bounds, threshold)
        while stop < reach:
            start, stop = stop, min(reach, GROWTH * stop, stop + MOST_AT_ONCE)
            if many and stop <= len(self.head):
                found, theirs = _reaching(self.items[start:stop], self.head[start:stop] @ query, threshold)
                chosen = eligible.take(found)
                found, theirs = found[chosen], theirs[chosen]
            else:
                found = self.items[start:stop]
                found = found[eligible.take(found)]
                found, theirs = _reaching(found, vectors.take(found, 0) @ query, threshold)
            items, scores = np.concatenate([items, found]), np.concatenate([scores, theirs])
            if stop < reach:
                items, scores, threshold = _leading(items, scores, k, rounding)
                reach = self.reach(bounds, threshold)
        return items, scores

    def bounds(self, query: Vectors) -> Vectors:
        """(n_cuts,) float32: no item from a cut on has a larger inner product with `query` (n_dimensions,).

        The inequality of Cauchy and Schwarz, which LEMP prunes whole vectors by (Teflioudi, Gemulla and Mykytiuk 2015),
        for each part by itself: taste, audience and popularity differ in scale by orders of magnitude.
        """
        lengths = np.sqrt(np.add.reduceat(query * query, self.starts))
        bounds: Vectors = self.longest @ lengths
        return bounds

    def reach(self, bounds: Vectors, threshold: float) -> int:
        """How many places, from the first on, may hold an item that reaches a threshold."""
        cut = int(np.count_nonzero(bounds >= threshold))
        return int(self.cuts[cut]) if cut < len(self.cuts) else len(self.items)


def _leading(
    items: npt.NDArray[np.int32], scores: Vectors, k: int, rounding: float
) -> tuple[npt.NDArray[np.int32], Vectors, float]:
    """Those of some items that may be among the k best, and the score that others need to be."""
    worst, threshold = len(items) - k, LOWEST
    if worst >= 0:
        ordered = scores.copy()
        ordered.partition(worst)
        threshold = max(float(ordered[worst]) - rounding, LOWEST)
    return *_reaching(items, scores, threshold), threshold


def _reaching(items: npt.NDArray[np.int32], scores: Vectors, threshold: float) -> FoundItems:
    reached = (scores >= threshold).nonzero()[0]
    return items.take(reached), scores.take(reached)


def order_by_norm(vectors: Vectors, queries: Vectors) -> NormOrder:
    """The order of (n_items, 2 n_factors + 2) vectors by what (n_queries, 2 n_factors + 2) queries make of each part's
    length on average: tastes, newcomers' tastes, popularity and trend."""
    n_factors = (vectors.shape[1] - 2) // 2
    starts = np.array([0, n_factors, 2 * n_factors, 2 * n_factors + 1])
    lengths = _part_lengths(vectors, starts)
    weights = _part_lengths(queries, starts).mean(axis=0) if len(queries) else np.ones(len(starts), np.float32)
    items = np.argsort(-(lengths @ weights), kind="stable").astype(np.int32)
    longest = np.maximum.accumulate(lengths[items][::-1], axis=0)[::-1]
    cuts = np.unique(np.geomspace(1, max(len(items), 1), CUTS).astype(np.int64))[: len(items)] - 1
    return NormOrder(starts, items, vectors[items[:HEAD]], cuts, longest[cuts])


def _part_lengths(vectors: Vectors, starts: npt.NDArray[np.int64]) -> Vectors:
    """(n, n_parts) float32: the length of each part of (n, n_dimensions) vectors."""
    parts = np.split(vectors, starts[1:], axis=1)
    return np.column_stack([np.sqrt(np.einsum("ij,ij->i", part, part)) for part in parts])

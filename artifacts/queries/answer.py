"""Item indexes with scores and sources, and the answer they become."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.model.index import Hits, best
from artifacts.model.model import Model
from artifacts.model.unseen import UnseenItem
from artifacts.queries.query import Fallback, Reason, Source

# Best sellers looked at for each that is asked for, before all are: few of them are not eligible.
LOOK_AHEAD = 20


@dataclass(frozen=True)
class ScoredItems:
    """Chosen items, best first: `items` (k,) int64, `scores` (k,) float32, and a source for each."""

    items: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    sources: tuple[Source, ...]

    def __len__(self) -> int:
        return len(self.items)

    def first(self, k: int) -> "ScoredItems":
        """The first k of them."""
        return ScoredItems(self.items[:k], self.scores[:k], self.sources[:k])

    def behind(self, offset: int) -> "ScoredItems":
        """All but the first `offset` of them."""
        return ScoredItems(self.items[offset:], self.scores[offset:], self.sources[offset:]) if offset else self


def from_source(hits: Hits, source: Source) -> ScoredItems:
    """Hits that all came the same way."""
    items, scores = hits
    return ScoredItems(items, scores, (source,) * len(items))


def chain(first: ScoredItems, then: ScoredItems) -> ScoredItems:
    """One list behind the other."""
    return ScoredItems(
        np.concatenate([first.items, then.items]),
        np.concatenate([first.scores, then.scores]),
        first.sources + then.sources,
    )


def top(scored: ScoredItems, k: int) -> ScoredItems:
    """The k best, whatever order the items stand in."""
    items, scores = best(scored.items, scored.scores, k)
    source_of = dict(zip(scored.items.tolist(), scored.sources, strict=True))
    return ScoredItems(items, scores, tuple(source_of[item] for item in items.tolist()))


def merge(one: ScoredItems, other: ScoredItems, k: int) -> ScoredItems:
    """The k best of two lists without a common item, whose scores are on the same scale."""
    return top(chain(one, other), k)


def most_popular(model: Model, eligible: npt.NDArray[np.bool_], k: int) -> ScoredItems:
    """The k eligible items that sell best now; scores are decayed baskets."""
    order, reach = model.popularity.order, LOOK_AHEAD * k
    items = order[:reach][eligible[order[:reach]]]
    if len(items) < k and reach < len(order):
        items = order[eligible[order]]
    sold = items[:k].astype(np.int64)
    return from_source((sold, model.popularity.recent[sold]), Source.POPULAR)


def refill(model: Model, scored: ScoredItems, eligible: npt.NDArray[np.bool_], k: int) -> ScoredItems:
    """Fill up to k with what sells now; `eligible` must already leave out the scored items."""
    if len(scored) >= k:
        return scored
    return chain(scored, most_popular(model, eligible, k - len(scored)))


@dataclass(frozen=True)
class Answer:
    """What a version answers: items best first, with a reason for each where they were asked for; ids of the query that
    the version does not know; why it fell back, if it did. `flagged`: each item is marked as available or not.
    `explored`: items behind the others that the version was not trained with, and that have no score of their own."""

    model: Model
    scored: ScoredItems
    reasons: list[Reason] | None
    missing_ids: tuple[str, ...] = ()
    fallback: Fallback | None = None
    flagged: bool = False
    explored: tuple[UnseenItem, ...] = ()

    def __len__(self) -> int:
        return len(self.scored) + len(self.explored)

"""From scored item indexes to the picks an answer shows."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.catalogue import NO_CATEGORY
from artifacts.index import Hits, best
from artifacts.model import Model
from artifacts.query import Pick, Reason, Source


@dataclass(frozen=True)
class Scored:
    """Chosen items, best first: `items` (k,) int64, `scores` (k,) float32, and a source for each."""

    items: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    sources: tuple[Source, ...]

    def __len__(self) -> int:
        return len(self.items)


def from_source(hits: Hits, source: Source) -> Scored:
    """Hits that all came the same way."""
    items, scores = hits
    return Scored(items, scores, (source,) * len(items))


def chain(first: Scored, then: Scored) -> Scored:
    """One list behind the other."""
    return Scored(
        np.concatenate([first.items, then.items]),
        np.concatenate([first.scores, then.scores]),
        first.sources + then.sources,
    )


def top(scored: Scored, k: int) -> Scored:
    """The k best, whatever order the items stand in."""
    items, scores = best(scored.items, scored.scores, k)
    source_of = dict(zip(scored.items.tolist(), scored.sources, strict=True))
    return Scored(items, scores, tuple(source_of[item] for item in items.tolist()))


def merge(one: Scored, other: Scored, k: int) -> Scored:
    """The k best of two lists without a common item, whose scores are on the same scale."""
    return top(chain(one, other), k)


def most_popular(model: Model, eligible: npt.NDArray[np.bool_], k: int) -> Scored:
    """The k eligible items that sell best now; scores are decayed baskets."""
    order = model.popularity.order
    items = order[eligible[order]][:k].astype(np.int64)
    return from_source((items, model.popularity.recent[items]), Source.POPULAR)


def refill(model: Model, scored: Scored, eligible: npt.NDArray[np.bool_], k: int) -> Scored:
    """Fill up to k with what sells now; `eligible` must already leave out the scored items."""
    if len(scored) >= k:
        return scored
    return chain(scored, most_popular(model, eligible, k - len(scored)))


def show(model: Model, scored: Scored, reasons: list[Reason] | None = None) -> tuple[Pick, ...]:
    """Picks with what the catalogue says of them."""
    return tuple(
        pick_item(model, item, score, source, reasons[rank] if reasons else None)
        for rank, (item, score, source) in enumerate(
            zip(scored.items.tolist(), scored.scores.tolist(), scored.sources, strict=True)
        )
    )


def pick_item(model: Model, item: int, score: float, source: Source, reason: Reason | None) -> Pick:
    """One pick; catalogue fields the shop did not give are None."""
    catalogue = model.catalogue
    category = int(catalogue.category[item])
    price = float(catalogue.price[item])
    return Pick(
        item_id=model.item_ids[item],
        score=score,
        source=source,
        reason=reason,
        title=catalogue.titles[item] or None,
        category=None if category == NO_CATEGORY else catalogue.categories[category],
        price=None if math.isnan(price) else round(price, 4),
        image_url=catalogue.image_urls[item] or None,
        product_url=catalogue.product_urls[item] or None,
    )

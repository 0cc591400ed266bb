"""What do those who look at this item look at as well?"""

import numpy as np

from artifacts.model.index import NO_HITS, Hits, best
from artifacts.model.model import Model
from artifacts.queries.answer import Answer, chain, from_source
from artifacts.queries.eligibility import Mask, eligible_items, without
from artifacts.queries.fallback import basket_fallback
from artifacts.queries.query import Fallback, Query, Source
from artifacts.queries.reasons import view_reasons
from artifacts.queries.similar import alike_or_popular
from artifacts.queries.user_state import resolve


def viewed_together(model: Model, query: Query) -> Answer:
    """Picks for who looks at the one item of `query.items`: what is viewed with it, then what can stand in for it."""
    seen, unknown = resolve(model, query.items)
    excluded, unknown_excluded = resolve(model, query.exclude)
    eligible = without(eligible_items(model, query.filters, excluded), seen)
    scored = from_source(NO_HITS, Source.CO_VIEW)
    for item in seen.tolist():
        scored = from_source(_co_viewed(model, item, eligible, query.limit), Source.CO_VIEW)
    rest = without(eligible, scored.items.astype(np.int32))
    scored = chain(scored, alike_or_popular(model, seen, rest, query.limit - len(scored)))
    missing = tuple(dict.fromkeys(unknown + unknown_excluded))
    fallback = basket_fallback(seen) or (Fallback.NO_VIEWS if model.co_views is None else None)
    reasons = view_reasons(model, seen, scored) if query.explain else None
    return Answer(model, scored, reasons, missing, fallback)


def _co_viewed(model: Model, item: int, eligible: Mask, limit: int) -> Hits:
    if model.co_views is None:
        return NO_HITS
    row = model.co_views.row(item)
    items, scores = model.co_views.items[row], model.co_views.score[row]
    allowed = eligible[items]
    return best(items[allowed].astype(np.int64), scores[allowed], limit)

"""What can stand in for this item?"""

import numpy as np
import numpy.typing as npt

from artifacts.model.catalogue import NO_CATEGORY
from artifacts.model.index import NO_HITS, Hits, best
from artifacts.model.model import Model
from artifacts.queries.answer import Answer, ScoredItems, chain, from_source, most_popular, refill
from artifacts.queries.eligibility import Mask, eligible_items, without
from artifacts.queries.fallback import basket_fallback
from artifacts.queries.query import Query, Source
from artifacts.queries.user_state import resolve


def similar(model: Model, query: Query) -> Answer:
    """Picks in place of the one item of `query.items`: the most similar, then what sells in its category, then
    what sells at all."""
    replaced, unknown = resolve(model, query.items)
    excluded, unknown_excluded = resolve(model, query.exclude)
    eligible = without(eligible_items(model, query.filters, excluded), replaced)
    scored = alike_or_popular(model, replaced, eligible, query.reach).behind(query.offset)
    return Answer(model, scored, None, tuple(dict.fromkeys(unknown + unknown_excluded)), basket_fallback(replaced))


def alike_or_popular(model: Model, replaced: npt.NDArray[np.int32], eligible: Mask, k: int) -> ScoredItems:
    """The k best eligible items in place of an item, `replaced` (none or one): its similar ones, then what sells."""
    scored = from_source(NO_HITS, Source.SIMILAR)
    for item in replaced.tolist():
        scored = from_source(_alike(model, item, eligible, k), Source.SIMILAR)
        rest = without(eligible, scored.items.astype(np.int32))
        same = rest & _same_category(model, item)
        scored = chain(scored, most_popular(model, same, k - len(scored)))
    return refill(model, scored, without(eligible, scored.items.astype(np.int32)), k)


def _alike(model: Model, item: int, eligible: Mask, limit: int) -> Hits:
    items, scores = model.similar.items[item], model.similar.score[item]
    allowed = (items >= 0) & eligible[items]
    return best(items[allowed].astype(np.int64), scores[allowed], limit)


def _same_category(model: Model, item: int) -> Mask:
    category = int(model.catalogue.category[item])
    if category == NO_CATEGORY:
        return np.zeros(len(model.item_ids), np.bool_)
    return np.equal(model.catalogue.category, category)

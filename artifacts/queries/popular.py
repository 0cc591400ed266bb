"""What sells now?"""

from artifacts.model.model import Model
from artifacts.queries.answer import Answer, most_popular
from artifacts.queries.eligibility import eligible_items
from artifacts.queries.query import Query, Reason
from artifacts.queries.user_state import resolve


def popular(model: Model, query: Query) -> Answer:
    """The eligible items that sell best now, the same for everybody."""
    excluded, unknown = resolve(model, query.exclude)
    scored = most_popular(model, eligible_items(model, query.filters, excluded), query.reach).behind(query.offset)
    reasons = [Reason(sold_recently=round(score, 2)) for score in scored.scores.tolist()] if query.explain else None
    return Answer(model, scored, reasons, unknown)

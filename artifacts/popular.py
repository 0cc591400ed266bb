"""What sells now?"""

from artifacts.answer import Answer, most_popular
from artifacts.eligibility import eligible_items
from artifacts.model import Model
from artifacts.person import resolve
from artifacts.query import Query, Reason


def popular(model: Model, query: Query) -> Answer:
    """The eligible items that sell best now, the same for everybody."""
    excluded, unknown = resolve(model, query.exclude)
    scored = most_popular(model, eligible_items(model, query.filters, excluded), query.limit)
    reasons = [Reason(sold_recently=round(score, 2)) for score in scored.scores.tolist()] if query.explain else None
    return Answer(model, scored, reasons, unknown)

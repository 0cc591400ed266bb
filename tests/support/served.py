"""What is served of an answer, read back from the body that the service sends."""

import json
from dataclasses import dataclass
from typing import Any

from artifacts.queries.answer import Answer
from artifacts.queries.query import Cause, CoOccurrence, Reason, Source
from service.recommendations.answers import answer_bytes


@dataclass(frozen=True)
class ServedPick:
    """One answered item; what the body leaves out is None."""

    item_id: str
    score: float
    source: Source
    reason: Reason | None = None
    title: str | None = None
    category: str | None = None
    price: float | None = None
    image_url: str | None = None
    product_url: str | None = None
    available: bool | None = None


def served_picks(answer: Answer) -> tuple[ServedPick, ...]:
    """The answer's items, best first."""
    body = json.loads(answer_bytes(answer, "request", "version", None))
    return tuple(
        ServedPick(**{**item, "source": Source(item["source"]), "reason": _reason(item.get("reason"))})
        for item in body["items"]
    )


def _reason(body: dict[str, Any] | None) -> Reason | None:
    if body is None:
        return None
    causes = tuple(Cause(**cause) for cause in body.pop("because_of", ()))
    bought, viewed = (
        tuple(CoOccurrence(**pair) for pair in body.pop(name, ())) for name in ("bought_together", "viewed_together")
    )
    return Reason(causes, bought, viewed, **body)

"""Items that came after a version was trained."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnseenItem:
    """An item that the version was not trained with; `shown` is what an answer shows of it."""

    item_id: str
    available: bool
    category: str | None
    price: float | None
    shown: Mapping[str, str | float]

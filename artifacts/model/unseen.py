"""Items that came after a version was trained."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnseenItem:
    """An item that the version was not trained with; `said` is what the shop said of it, as an answer shows it."""

    item_id: str
    available: bool
    category: str | None
    price: float | None
    said: Mapping[str, str | float]

"""When an answer is not what was asked for, and why."""

import numpy as np
import numpy.typing as npt

from artifacts.queries.query import Fallback, Query
from artifacts.queries.user_state import UserState


def user_fallback(query: Query, user_state: UserState) -> Fallback | None:
    """Of an answer for a user or a session: None where there is a vector to score items by."""
    if not query.personalized:
        return Fallback.NOT_PERSONALIZED
    if user_state.vector is not None:
        return None
    return Fallback.UNKNOWN_ITEMS if query.recent_items and query.user_id is None else Fallback.UNKNOWN_USER


def basket_fallback(basket: npt.NDArray[np.int32]) -> Fallback | None:
    """Of an answer about a basket, or about one item: None where the version knows any of its items."""
    return None if len(basket) else Fallback.UNKNOWN_ITEMS

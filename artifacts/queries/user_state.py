"""Whom an answer is for: ids resolved, history and session read, and the vector that scores items."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from artifacts.model.ids import UNKNOWN
from artifacts.model.model import Model, UserInteractions
from artifacts.queries.foldin import fold_in
from artifacts.queries.query import Query
from artifacts.queries.user_history import updated_history

NO_ITEMS = np.empty(0, np.int32)
END_OF_TIME = np.iinfo(np.int64).max
NO_INTERACTIONS = UserInteractions(
    NO_ITEMS, np.empty(0, np.float32), NO_ITEMS, np.empty(0, np.float32), np.empty(0, np.int64), np.empty(0, np.int64)
)


# Neighbours of more items are not added up: those of a wholesaler's thousand would cost milliseconds.
MAX_BASKET = 100


@dataclass(frozen=True)
class NeighbourBasket:
    """The items whose neighbours are added up for a user: `places` (b,) in the user's items, and the `strength` (b,)
    float32 of each."""

    places: npt.NDArray[np.int64]
    strength: npt.NDArray[np.float32]


@dataclass(frozen=True)
class UserState:
    """`user_index` is UNKNOWN (-1) where the model has not got the user; `history` is what they did up to now, as
    the version and the live store know it.

    `items` (m,) int32 and `strength` (m,) float32 are all interactions, session included; `recent` (s,) int32 the
    session's items alone, the newest last; `vector` (n_factors,) float32, None where nothing shows a taste.
    """

    user_index: int
    history: UserInteractions
    recent: npt.NDArray[np.int32]
    items: npt.NDArray[np.int32]
    strength: npt.NDArray[np.float32]
    vector: npt.NDArray[np.float32] | None

    @property
    def known(self) -> bool:
        """Whether the model has the user."""
        return self.user_index != UNKNOWN

    @property
    def bought(self) -> npt.NDArray[np.int32]:
        """Item indexes (b,) of what the user bought."""
        return self.history.items[self.history.times_bought > 0]

    def neighbour_basket(self, *, ranked: bool) -> NeighbourBasket:
        """For the ranker the strongest items, of equally strong ones the newest. Otherwise the newest items of the
        session, each as strong as the other; all that a user did whom the version does not know is their session."""
        newest = self._newest_first()
        if ranked:
            places = newest[np.argsort(-self.strength[newest], kind="stable")][:MAX_BASKET]
            return NeighbourBasket(places, self.strength[places])
        places = newest[: len(self.recent) if self.known else len(newest)][:MAX_BASKET]
        return NeighbourBasket(places, np.ones(len(places), np.float32))

    def _newest_first(self) -> npt.NDArray[np.int64]:
        """(m,) places in the items: the session's, and then by when the user last bought or looked at them."""
        when = np.empty(len(self.items), np.int64)
        when[self.items.searchsorted(self.history.items)] = self.history.last
        when[self.items.searchsorted(self.recent)] = END_OF_TIME - np.arange(len(self.recent), 0, -1)
        return np.argsort(-when, kind="stable")


def resolve(model: Model, item_ids: Collection[str]) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """Distinct indexes of the ids the model knows, in the order given, and the ids it does not know."""
    if not item_ids:
        return NO_ITEMS, ()
    found = {item_id: model.item_ids.find(item_id) for item_id in item_ids}
    known = [index for index in found.values() if index != UNKNOWN]
    return np.array(known, np.int32), tuple(item_id for item_id, index in found.items() if index == UNKNOWN)


def trained_interactions(model: Model, query: Query) -> UserInteractions | None:
    """What the version knows of the query's user; None where it does not know them, or must not."""
    user_index = _find_user(model, query)
    return None if user_index == UNKNOWN else model.history.of(user_index)


def resolve_session(model: Model, item_ids: tuple[str, ...]) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """As `resolve`, of a session's items, oldest first: one that comes again is as new as it was last."""
    known, unknown = resolve(model, item_ids[::-1])
    return known[::-1], unknown[::-1]


def read_user_state(model: Model, query: Query, session: npt.NDArray[np.int32]) -> UserState:
    """Read the user named by the query, with what they did since training and `session` (s,) item indexes, the newest
    last, folded into the trained history."""
    state, is_trained = read_interactions(model, query, session)
    if is_trained:
        return replace(state, vector=_tastes(model.user_factors[state.user_index]) if state.known else None)
    return replace(state, vector=_tastes(fold_in(model, state.items, state.strength)) if len(state.items) else None)


def read_interactions(model: Model, query: Query, session: npt.NDArray[np.int32]) -> tuple[UserState, bool]:
    """As `read_user_state`, but for the vector; whether that is the trained one, if any."""
    user_index = _find_user(model, query)
    trained = model.history.of(user_index) if user_index != UNKNOWN else NO_INTERACTIONS
    history = updated_history(model, trained, query.activity) if query.personalized else trained
    items, strength = history.items, history.strength
    if len(session):
        items, strength = _with_session(items, strength, session, model.recipe.event_strength)
    state = UserState(user_index, history, session, items, strength, vector=None)
    return state, history is trained and not len(session)


def _find_user(model: Model, query: Query) -> int:
    """The user's index; UNKNOWN also for who was forgotten after the version's data was read."""
    erased = query.activity.erased
    if query.user_id is None or not query.personalized or (erased is not None and erased.seq > model.live_seq):
        return UNKNOWN
    return model.user_ids.find(query.user_id)


def _with_session(
    items: npt.NDArray[np.int32],
    strength: npt.NDArray[np.float32],
    session: npt.NDArray[np.int32],
    event_strength: float,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Add a fresh event's strength to each session item."""
    merged, inverse = np.unique(np.concatenate([items, session]), return_inverse=True)
    added = np.concatenate([strength, np.full(len(session), event_strength, np.float32)])
    return merged, np.bincount(inverse, added, len(merged)).astype(np.float32)


def _tastes(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32] | None:
    """A zero vector ranks nothing: it stands for a user whose every item has no factors."""
    return vector if np.count_nonzero(vector) else None

"""What for this user, or this session? Asked of the compiled steps, and of the queries where those cannot answer."""

import numpy as np
import numpy.typing as npt

from artifacts.core.desk import DESK, Whom
from artifacts.core.machine_code import machine_code
from artifacts.live.activity import NO_ACTIVITY
from artifacts.model.model import Model
from artifacts.queries.answer import Answer, ScoredItems
from artifacts.queries.exploration import explore
from artifacts.queries.query import Query, Repeat
from artifacts.queries.reasons import user_reasons
from artifacts.queries.recommend import recommend as recommend_by_queries
from artifacts.queries.user_state import read_interactions, read_user_state, resolve, resolve_session
from artifacts.shared_limits import MAX_LIMIT


def recommend(model: Model, query: Query) -> Answer:
    """As `artifacts.queries.recommend`, to the last byte."""
    if machine_code() is None or not _is_for_compiled(model, query):
        return recommend_by_queries(model, query)
    session, unknown_recent = resolve_session(model, query.recent_items)
    excluded, unknown_excluded = resolve(model, query.exclude)
    scored = _choose(model, query, session, excluded)
    if scored is None:
        return recommend_by_queries(model, query)
    explored = explore(model, query, scored)
    if explored:
        scored = scored.first(query.limit - len(explored))
    reasons = user_reasons(model, read_user_state(model, query, session), scored) if query.explain else None
    missing = tuple(dict.fromkeys(unknown_recent + unknown_excluded))
    return Answer(model, scored, reasons, missing, explored=explored)


def _is_for_compiled(model: Model, query: Query) -> bool:
    """Whether the compiled steps know such a question: what sells and what was bought are looked up, not computed, and
    FAISS is not theirs."""
    return (
        query.personalized
        and query.repeat is not Repeat.ONLY
        and query.limit <= MAX_LIMIT
        and model.index.graph is None
        and len(model.item_ids) > 0
    )


def _choose(
    model: Model, query: Query, session: npt.NDArray[np.int32], excluded: npt.NDArray[np.int32]
) -> ScoredItems | None:
    """The best items for the user as trained, or with what they did since; None where nothing shows a taste."""
    if query.activity is NO_ACTIVITY and not len(session):
        whom: Whom | None = query.user_id
    else:
        state, is_trained = read_interactions(model, query, session)
        whom = (query.user_id if state.known else None) if is_trained else state
    return None if whom is None else DESK.ask(model, query, whom, excluded)

"""Why each of many users' picks was picked: the reasons that `recommend` gives."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from artifacts.batch.recommend_many import NO_ACTIVITIES, SOURCES, ManyPicks
from artifacts.live.activity import NO_ACTIVITY, UserActivity
from artifacts.model.model import Model
from artifacts.queries.answer import ScoredItems
from artifacts.queries.query import Query, Reason
from artifacts.queries.reasons import user_reasons
from artifacts.queries.user_state import NO_ITEMS, read_user_state


def reasons_of_many(
    model: Model,
    query: Query,
    user_ids: Sequence[str],
    picks: ManyPicks,
    activity: Mapping[int, UserActivity] = NO_ACTIVITIES,
) -> Iterator[Reason]:
    """A reason for each pick, in their order. `user_ids` (n,) are those that were asked about; `query` and `activity`
    are what `recommend_many` was asked with."""
    users, starts = np.unique(picks.users, return_index=True)
    stops = [*starts[1:].tolist(), len(picks.users)]
    for user, start, stop in zip(users.tolist(), starts.tolist(), stops, strict=True):
        told = activity.get(user, NO_ACTIVITY)
        personalized = query.personalized and told.personalized
        asked = replace(query, user_id=user_ids[user], activity=told, personalized=personalized)
        some = slice(start, stop)
        sources = tuple(SOURCES[source] for source in picks.sources[some].tolist())
        scored = ScoredItems(picks.items[some], picks.scores[some], sources)
        yield from user_reasons(model, read_user_state(model, asked, NO_ITEMS), scored)

"""The compiled steps and the queries are one and the same: any question to any shop has the same answer, in bytes."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.core import recommend as compiled
from artifacts.core.build import build
from artifacts.core.desk import DESK, table_of
from artifacts.core.machine_code import levels, machine_code
from artifacts.core.tables import MARKS, N_SUMMED, TOTALS
from artifacts.live.activity import Erasure, LiveEvent, UserActivity
from artifacts.model.model import Model
from artifacts.queries.query import Filters, Query, Repeat
from artifacts.queries.recommend import recommend
from service.recommendations.answers import answer_bytes
from tests.artifacts.core.shops import shop

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not levels(), reason="nothing is compiled for this kind of machine"),
]
SHOPS = {
    "ranked": (40, 300, True),
    "blended": (40, 300, False),
    "fewer items than candidates": (20, 40, True),
    "one item": (3, 1, True),
    "two items, blended": (3, 2, False),
}
NOTHING = np.empty(0, np.int32)
MOMENT = 1_740_000_000.0


@pytest.fixture(scope="module", params=SHOPS.values(), ids=list(SHOPS))
def model(request: pytest.FixtureRequest) -> Iterator[Model]:
    build()
    machine_code.cache_clear()
    n_users, n_items, ranked = request.param
    with shop(n_users, n_items, ranked=ranked) as model:
        yield model


item_ids = st.one_of(st.integers(0, 12), st.integers(0, 310)).map(lambda number: f"i{number:03}")
orders = st.builds(
    LiveEvent,
    st.integers(1, 99),
    st.sampled_from(["purchase", "purchase", "return"]),
    item_ids,
    st.integers(-900, 900).map(lambda hours: MOMENT + 3_600 * hours),
    st.sampled_from([None, 1.0, 3.0]),
)
looks = st.builds(
    LiveEvent, st.integers(1, 99), st.sampled_from(["view", "cart"]), item_ids, st.just(MOMENT), st.none()
)
activities = st.builds(
    UserActivity,
    st.lists(orders, max_size=4).map(tuple),
    st.lists(looks, max_size=3).map(tuple),
    st.sampled_from([None, None, None, Erasure(MOMENT, 5)]),
)
queries = st.builds(
    Query,
    user_id=st.sampled_from([None, "u0", "u1", "u2", "u7", "collector", "nobody", "\udcff"]),
    recent_items=st.lists(item_ids, max_size=4).map(tuple),
    limit=st.one_of(st.integers(1, 12), st.integers(1, 100)),
    exclude=st.lists(item_ids, max_size=4).map(tuple),
    filters=st.builds(
        Filters,
        categories=st.sampled_from([(), (), ("one",), ("half", "two"), ("nowhere",)]),
        min_price=st.sampled_from([None, None, 5.0, 19.9]),
        max_price=st.sampled_from([None, None, 12.0]),
        in_stock=st.booleans(),
    ),
    repeat=st.sampled_from([Repeat.EXCLUDE, Repeat.ALLOW, Repeat.ONLY]),
    explain=st.booleans(),
    activity=st.one_of(st.just(UserActivity()), activities),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(query=queries)
def test_any_question_has_the_same_answer(model: Model, query: Query) -> None:
    answers = [ask(model, query) for ask in (recommend, compiled.recommend)]
    one, other = (answer_bytes(answer, "request", "version", None) for answer in answers)
    assert other == one
    assert answers[0].scored.scores.tobytes() == answers[1].scored.scores.tobytes()


def test_the_compiled_steps_answer_and_leave_nothing_behind(model: Model) -> None:
    known = [user for user in ("u0", "u1", "collector") if model.user_factors[model.user_ids.find(user)].any()]
    assert known
    for user in known:
        assert DESK.ask(model, Query(user_id=user, repeat=Repeat.ALLOW, limit=100), user, NOTHING) is not None
    arrays = table_of(model).arrays
    assert not any(arrays[place].any() for place in (MARKS, TOTALS, N_SUMMED))


def test_whom_the_version_has_not_got_the_queries_answer(model: Model) -> None:
    assert DESK.ask(model, Query(user_id="nobody"), "nobody", NOTHING) is None
    assert compiled.recommend(model, Query(user_id="nobody")).fallback is not None

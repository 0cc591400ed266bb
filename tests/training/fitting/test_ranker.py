"""A ranker finds what the blend cannot see: what is due. And its trees score as LightGBM's do."""

import hashlib
from collections.abc import Iterator
from dataclasses import fields, replace

import lightgbm as lgb
import numpy as np
import pytest

from artifacts.model.model import Model
from artifacts.model.quickscorer import Forest, no_forest
from artifacts.queries.candidates import find_candidates
from artifacts.queries.query import Query, Repeat, Source
from artifacts.queries.ranker_features import FEATURES, candidate_features, rank_candidates
from artifacts.queries.recommend import recommend
from artifacts.queries.scoring import query_vector_of
from artifacts.queries.user_state import read_user_state
from tests.support.events import NO_CATALOGUE, Event, as_dataset
from tests.support.served import served_picks
from training.config import ModelSettings
from training.fitting import ranker as module
from training.fitting.compile_trees import compile_forest
from training.fitting.fit import fit
from training.fitting.ranker import Examples, find_examples, fit_ranker
from training.fitting.ranker_examples import opened

pytestmark = pytest.mark.integration

PERIOD = 14
SOON = 4  # days looked ahead
N_USERS = 150
N_STAPLES, N_ONCE = 24, 40
SETTINGS = ModelSettings(factors=8, regularization=5.0, iterations=5, recipe="ranker")
TODAY = 140

Purchases = dict[tuple[str, str], list[int]]


def score(forest: Forest, features: np.ndarray) -> np.ndarray:
    """Of (n_features, n) features, all looked up at once."""
    return forest.add_up(forest.remaining(0, features))


def planted() -> Purchases:
    """(user, item) -> days. A user buys four staples every PERIOD days, each on days of its own, and something else now
    and then, once: how often and how lately tell nothing of what is due, or rather the opposite."""
    rng = np.random.default_rng(5)
    days: Purchases = {}
    for user in range(N_USERS):
        for item in rng.choice(N_STAPLES, 4, replace=False):
            days[f"u{user:03}", f"staple {item:02}"] = list(range(int(rng.integers(0, PERIOD)), 200, PERIOD))
        for item in rng.choice(N_ONCE, 12, replace=False):
            days[f"u{user:03}", f"once {item:02}"] = [int(rng.integers(0, 200))]
    return days


PLANTED = planted()


def due(today: int, user: str) -> set[str]:
    """The staples that the user is about to buy."""
    return {
        item
        for (buyer, item), days in PLANTED.items()
        if buyer == user and len(days) > 1 and any(today < day <= today + SOON for day in days)
    }


def lesson(today: int) -> tuple[list[Event], list[tuple[str, set[str]]]]:
    """What was bought up to a day, and by whom what in the days after it."""
    bought = [
        Event(user, item, f"{user} {day}", day=day)
        for (user, item), days in PLANTED.items()
        for day in days
        if day <= today
    ]
    later: dict[str, set[str]] = {}
    for (user, item), days in PLANTED.items():
        if any(today < day <= today + SOON for day in days):
            later.setdefault(user, set()).add(item)
    return bought, sorted(later.items())


def examples_of(today: int) -> Examples:
    events, later = lesson(today)
    with opened(fit(as_dataset(events), NO_CATALOGUE, SETTINGS, show_progress=False)) as model:
        purchases = [
            (user, np.array([found for item in sorted(items) if (found := model.item_ids.find(item)) >= 0], np.int32))
            for user, items in later
        ]
        return find_examples(model, purchases, np.random.default_rng(0))


@pytest.fixture(scope="module")
def examples() -> list[Examples]:
    return [examples_of(today) for today in (101, 113, 125)]


@pytest.fixture(scope="module")
def model(examples: list[Examples]) -> Iterator[Model]:
    fitted = fit(as_dataset(lesson(TODAY)[0]), NO_CATALOGUE, SETTINGS, show_progress=False)
    with opened(replace(fitted, forest=fit_ranker(examples, seed=1, n_threads=1))) as model:
        yield model


def share_found(model: Model) -> float:
    """Of the staples that are due, the share among as many picks."""
    found = wanted = 0
    for user in range(N_USERS):
        user_id = f"u{user:03}"
        expected = due(TODAY, user_id)
        if expected:
            picks = served_picks(recommend(model, Query(user_id=user_id, limit=len(expected), repeat=Repeat.ALLOW)))
            found += len(expected & {pick.item_id for pick in picks})
            wanted += len(expected)
    assert wanted > 100
    return found / wanted


def test_what_is_due_comes_first(model: Model, examples: list[Examples]) -> None:
    blend = replace(model, forest=no_forest())
    assert share_found(blend) < 0.4
    assert share_found(model) > 0.9


def digest(forest: Forest) -> str:
    return hashlib.sha256(b"".join(getattr(forest, field.name).tobytes() for field in fields(Forest))).hexdigest()


def test_the_same_seed_gives_the_same_trees_whatever_the_threads(
    examples: list[Examples], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "N_TREES", 10)
    monkeypatch.setattr(module, "EXAMPLES_PER_THREAD", 1)
    trees = [digest(fit_ranker(examples, seed, n_threads)) for seed, n_threads in ((1, 1), (1, 1), (1, 2), (2, 1))]
    assert trees[0] == trees[1] == trees[2] != trees[3]


def test_trees_score_examples_as_lightgbm_does(examples: list[Examples], monkeypatch: pytest.MonkeyPatch) -> None:
    boosters: list[lgb.Booster] = []

    def keeping(booster: lgb.Booster) -> Forest:
        boosters.append(booster)
        return compile_forest(booster)

    monkeypatch.setattr(module, "compile_forest", keeping)
    forest = fit_ranker(examples, seed=1, n_threads=1)
    features = np.concatenate([some.features for some in examples])
    assert boosters[0].feature_name() == list(FEATURES)
    assert len(forest) == module.N_TREES
    np.testing.assert_allclose(
        score(forest, features.T), np.asarray(boosters[0].predict(features)), rtol=1e-4, atol=1e-5
    )


def test_examples_tell_what_was_bought(examples: list[Examples]) -> None:
    times_bought = FEATURES.index("times_bought")
    for some in examples:
        assert some.features.shape == (len(some.bought), len(FEATURES))
        assert some.sizes.sum() == len(some.bought)
        own = some.features[:, times_bought] > 1
        due_again = some.features[own & some.bought][:, FEATURES.index("since_last")]
        assert len(due_again) > 50
        assert due_again.min() >= PERIOD - SOON


def test_users_without_a_bought_candidate_and_unknown_ones_teach_nothing(model: Model) -> None:
    nothing = find_examples(model, [("u000", np.empty(0, np.int32)), ("nobody", np.array([1], np.int32))], rng())
    assert len(nothing.sizes) == len(nothing.bought) == 0
    assert nothing.features.shape == (0, len(FEATURES))
    assert len(find_examples(model, [], rng()).sizes) == 0


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_trees_that_never_split_score_alike() -> None:
    """Two dozen examples are too few for a leaf: LightGBM gives trees of one leaf each."""
    few = Examples(
        np.random.default_rng(0).random((24, len(FEATURES)), np.float32), np.arange(24) % 8 == 0, np.full(3, 8)
    )
    forest = fit_ranker([few], seed=1, n_threads=1)
    assert np.ptp(score(forest, few.features.T)) == 0


def test_no_candidates_are_no_picks(model: Model) -> None:
    everything = tuple(model.item_ids[item] for item in range(len(model.item_ids)))
    query = Query(user_id="u000", exclude=everything, repeat=Repeat.ALLOW)
    assert served_picks(recommend(model, query)) == ()
    one = served_picks(recommend(model, replace(query, exclude=everything[1:])))
    assert [pick.item_id for pick in one] == [everything[0]]


def test_picks_go_on_behind_the_last_candidate(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    for cap in ("FROM_INDEX", "FROM_NEIGHBOURS", "FROM_HISTORY"):
        monkeypatch.setattr(f"artifacts.queries.candidates.{cap}", 2)
    picks = served_picks(recommend(model, Query(user_id="u000", limit=100, repeat=Repeat.ALLOW, explain=True)))
    assert len(picks) == len({pick.item_id for pick in picks}) == len(model.item_ids)
    assert {pick.source for pick in picks[:6]} == {Source.HISTORY, Source.ALS, Source.CO_PURCHASE}


def test_what_is_known_beforehand_and_what_is_looked_up_make_the_same_score(model: Model) -> None:
    eligible = np.ones(len(model.item_ids), np.bool_)
    for user in range(0, N_USERS, 10):
        user_state = read_user_state(model, Query(user_id=model.user_ids[user]), np.empty(0, np.int32))
        assert user_state.vector is not None
        wanted = query_vector_of(model.recipe.weights, user_state.vector)
        candidates = find_candidates(model, user_state, wanted, eligible)
        features = candidate_features(model, user_state, wanted, candidates)
        scores = rank_candidates(model, user_state, wanted, candidates)
        np.testing.assert_array_equal(scores, score(model.forest, features))


@pytest.mark.parametrize("n_items", [1, 3])
def test_a_tiny_catalogue_is_ranked_whole(examples: list[Examples], n_items: int) -> None:
    items = [f"i{item}" for item in range(n_items)]
    events = [Event(f"u{user}", items[user % n_items], f"b{user}", day=user) for user in range(4)]
    fitted = fit(as_dataset(events), NO_CATALOGUE, SETTINGS, show_progress=False)
    with opened(replace(fitted, forest=fit_ranker(examples, seed=1, n_threads=1))) as model:
        picks = served_picks(recommend(model, Query(user_id="u0", repeat=Repeat.ALLOW, explain=True)))
        assert sorted(pick.item_id for pick in picks) == items
        new = served_picks(recommend(model, Query(user_id="u0", explain=True)))
        assert sorted(pick.item_id for pick in new) == items[1:]


@pytest.mark.parametrize("repeat", [Repeat.EXCLUDE, Repeat.ALLOW])
def test_a_wholesaler_who_bought_nearly_everything(examples: list[Examples], repeat: Repeat) -> None:
    """1,200 items of 1,230: far more than the candidates that a history may give."""
    everything = [f"i{item:04}" for item in range(1_230)]
    events = [Event("whole", item, f"w{number // 60}", day=number // 60) for number, item in enumerate(everything[30:])]
    events += [Event(f"u{user}", item, f"b{user}", day=25) for user in range(7) for item in everything[user::7]]
    fitted = fit(as_dataset(events), NO_CATALOGUE, SETTINGS, show_progress=False)
    with opened(replace(fitted, forest=fit_ranker(examples, seed=1, n_threads=1))) as model:
        picks = served_picks(recommend(model, Query(user_id="whole", limit=100, repeat=repeat, explain=True)))
    found = [pick.item_id for pick in picks]
    assert len(set(found)) == len(found)
    assert all(np.isfinite(pick.score) for pick in picks)
    if repeat is Repeat.EXCLUDE:
        assert sorted(found) == everything[:30]
    else:
        assert len(found) == 100


def test_a_user_without_tastes_gets_what_sells(model: Model) -> None:
    nobody = np.zeros_like(model.user_factors)
    picks = served_picks(recommend(replace(model, user_factors=nobody), Query(user_id="u000", repeat=Repeat.ALLOW)))
    assert [model.item_ids.find(pick.item_id) for pick in picks] == model.popularity.order[:10].tolist()
    assert {pick.source for pick in picks} == {Source.POPULAR}

"""The whole evaluation on a shop with a known truth: nothing leaks, and what is scored is what is served."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from artifacts.queries.audience import audience_scores
from artifacts.queries.query import Filters, Query, Repeat
from artifacts.queries.rank import rank
from artifacts.queries.recommend import recommend
from tests.support.served import served_picks
from tests.support.shop import write_tiny_shop
from training.config import Config, Data, ModelSettings
from training.evaluation import audience, run
from training.evaluation import holdout as known
from training.evaluation.answers import ask
from training.evaluation.bootstrap import difference, resample
from training.evaluation.results import RECIPE, Evaluation
from training.evaluation.table import as_text
from training.evaluation.tasks import Activity, Task
from training.fitting.training_run import TrainingRun
from training.interactions.interactions import Interactions, read_interactions
from training.interactions.windows import Window, test_window

pytestmark = pytest.mark.integration

K = 10


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return write_tiny_shop(tmp_path_factory.mktemp("evaluated"), n_users=80)


@pytest.fixture(scope="module")
def interactions(config: Config) -> Interactions:
    return read_interactions(config, progress=False)


@pytest.fixture(scope="module")
def window(config: Config, interactions: Interactions) -> Window:
    return test_window(interactions.frame, config.evaluation.test_days)


@pytest.fixture(scope="module")
def evaluation(config: Config, interactions: Interactions) -> Evaluation:
    return run.evaluate(TrainingRun(interactions, config, False), backtests=1)


def rewritten(interactions: Interactions, window: Window) -> Interactions:
    """The same shop up to the window; in it, other people buy other things for other prices."""
    rng = np.random.default_rng(0)
    earlier = interactions.frame.filter(pl.col("time") < window.start)
    later = interactions.frame.filter(pl.col("time") >= window.start)
    users = pl.Series("user_id", [f"u{user}" for user in rng.integers(0, 80, later.height)])
    items = pl.Series("item_id", [f"I{item:03}" for item in rng.integers(0, 30, later.height)])
    prices = pl.Series("price", rng.random(later.height) * 1_000)
    later = later.with_columns(users, items, prices, quantity=pl.lit(1_000.0))
    catalogue = interactions.catalogue.with_columns(
        price=pl.col("price") * 10, title=pl.lit("other"), available=~pl.col("available")
    )
    more = catalogue.head(3).with_columns(item_id=pl.format("later {}", "item_id"))
    return replace(interactions, frame=pl.concat([earlier, later]), catalogue=pl.concat([catalogue, more]))


@contextmanager
def fitted(interactions: Interactions, config: Config, window: Window) -> Iterator[Model]:
    found = known.hold_out(interactions, config, window)
    assert found is not None
    with run.fitted_before(found, TrainingRun(interactions, config, False)) as model:
        yield model


def fitted_files(interactions: Interactions, config: Config, window: Window) -> dict[str, str]:
    with fitted(interactions, config, window) as model:
        return {name: entry.sha256 for name, entry in model.manifest.files.items()}


def test_nothing_fitted_knows_the_window(interactions: Interactions, config: Config, window: Window) -> None:
    assert fitted_files(rewritten(interactions, window), config, window) == fitted_files(interactions, config, window)


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A shop with customers enough to teach a ranker."""
    config = write_tiny_shop(tmp_path_factory.mktemp("ranked"), n_users=300)
    return config.model_copy(update={"model": config.model.model_copy(update={"recipe": "ranker"})})


def test_nothing_a_ranker_learned_knows_the_window(ranked: Config) -> None:
    interactions = read_interactions(ranked, progress=False)
    window = test_window(interactions.frame, ranked.evaluation.test_days)
    with fitted(interactions, ranked, window) as model:
        assert len(model.forest) > 0
        files = {name: entry.sha256 for name, entry in model.manifest.files.items()}
    assert fitted_files(rewritten(interactions, window), ranked, window) == files
    late = Window(window.start - timedelta(days=7), window.end)
    leaked = fitted_files(rewritten(interactions, late), ranked, window)
    assert leaked["forest.leaves.npy"] != files["forest.leaves.npy"], "the comparison would see a week too much"


def test_a_planted_leak_is_noticed(interactions: Interactions, config: Config, window: Window) -> None:
    """The comparison above would see a week too much."""
    late = Window(window.start + timedelta(days=7), window.end)
    other = rewritten(interactions, window)
    assert fitted_files(other, config, late) != fitted_files(interactions, config, late)


def test_the_baselines_know_nothing_of_the_window_either(
    interactions: Interactions, config: Config, window: Window
) -> None:
    one, other = (known.hold_out(shop, config, window) for shop in (interactions, rewritten(interactions, window)))
    assert one is not None
    assert other is not None
    for field in ("count", "fresh"):
        assert (getattr(one.past, field) != getattr(other.past, field)).nnz == 0
    for field in ("user", "item", "basket", "time"):
        assert (getattr(one.earlier, field) == getattr(other.earlier, field)).all()
    assert len(one.later.item) != len(other.later.item) or (one.later.item != other.later.item).any()


def test_what_is_scored_is_what_is_served(interactions: Interactions, config: Config, window: Window) -> None:
    found = known.hold_out(interactions, config, window)
    assert found is not None
    cases = known.make_cases(found, np.random.default_rng(run.SEED))
    with run.fitted_before(found, TrainingRun(interactions, config, False)) as model:
        for task, repeat in ((Task.NEXT_PURCHASES, Repeat.ALLOW), (Task.DISCOVERY, Repeat.EXCLUDE)):
            picks = ask(model, cases[task], K, show_progress=False)
            for row, user in enumerate(cases[task].user.tolist()):
                query = Query(model.user_ids[user], limit=K, repeat=repeat, filters=Filters(in_stock=False))
                served = served_picks(recommend(model, query))
                there = picks.items[row] >= 0
                assert [model.item_ids[item] for item in picks.items[row][there]] == [one.item_id for one in served]
                assert picks.scores[row][there].tolist() == pytest.approx([one.score for one in served])


def test_every_task_compares_the_recipe_with_its_baselines(evaluation: Evaluation) -> None:
    assert evaluation.test is not None
    assert set(evaluation.test.tasks) == set(Task)
    rivals = {task: set(result.rows) for task, result in evaluation.test.tasks.items()}
    assert rivals[Task.NEXT_PURCHASES] == rivals[Task.DISCOVERY] == rivals[Task.NEW_CUSTOMERS]
    assert len(rivals[Task.NEXT_PURCHASES]) == 8 + bool(find_spec("irspack"))
    assert rivals[Task.ITEM_PAGE] == {RECIPE, "co-purchase count", "lift", "cosine", "Jaccard"}
    for result in evaluation.test.tasks.values():
        assert next(iter(result.rows)) == RECIPE
        for row in result.rows.values():
            for name, one in row.items():
                assert one.low - 1e-9 <= one.value <= one.high + 1e-9, name
            assert row[f"NDCG@{K}"].value <= row[f"hit rate@{K}"].value


def test_discovery_on_the_tiny_shop_stays_on_the_users_side(evaluation: Evaluation) -> None:
    """Even users buy even items: taste must tell more than what sells."""
    assert evaluation.test is not None
    rows = evaluation.test.tasks[Task.DISCOVERY].rows
    assert rows[RECIPE]["NDCG@10"].low > rows["popularity, all time"]["NDCG@10"].high


def test_groups_of_users_make_up_the_whole(evaluation: Evaluation) -> None:
    assert evaluation.test is not None
    result = evaluation.test.tasks[Task.NEXT_PURCHASES]
    groups = result.activity[RECIPE]
    total = sum(groups[group].value * result.group_sizes[group] for group in groups)
    assert set(groups) <= set(Activity)
    assert total / result.n_cases == pytest.approx(result.rows[RECIPE]["NDCG@10"].value)


def test_the_metrics_are_json_and_hold_every_window(evaluation: Evaluation) -> None:
    metrics = json.loads(json.dumps(evaluation.metrics, allow_nan=False))
    assert metrics["tasks"]["discovery"]["models"][RECIPE]["NDCG@10"][0] > 0
    assert [past["to"] for past in metrics["backtests"]] == [metrics["from"]]


def test_the_table_names_every_model_and_window(evaluation: Evaluation) -> None:
    text = as_text(evaluation)
    assert evaluation.test is not None
    for model in evaluation.test.tasks[Task.NEXT_PURCHASES].rows:
        assert text.count(model) >= 2
    assert text.count("window ") == 2


def test_the_same_evaluation_twice_is_the_same(
    interactions: Interactions, config: Config, evaluation: Evaluation
) -> None:
    again = run.evaluate(TrainingRun(interactions, config, False), backtests=0)
    assert again.metrics == {**evaluation.metrics, "backtests": []}


def test_recipe_ndcg_is_on_the_very_same_cases(
    interactions: Interactions, config: Config, window: Window, evaluation: Evaluation
) -> None:
    values = run.recipe_ndcg(TrainingRun(interactions, config, False), window, (Task.DISCOVERY,))
    assert evaluation.test is not None
    assert list(values) == [Task.DISCOVERY]
    assert values[Task.DISCOVERY].tolist() == evaluation.test.tasks[Task.DISCOVERY].ndcg[RECIPE].tolist()


def test_a_history_within_the_window_is_not_evaluated(interactions: Interactions, config: Config) -> None:
    long = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"test_days": 400})})
    evaluation = run.evaluate(TrainingRun(interactions, long, False), backtests=2)
    assert evaluation.test is None
    assert evaluation.backtests == ()
    assert "skipped" in evaluation.metrics
    assert "nothing could be measured" in as_text(evaluation)


def test_sample_users_are_shown_by_title_and_never_by_id(evaluation: Evaluation) -> None:
    assert evaluation.test is not None
    users = evaluation.test.sample_users
    assert len(users) == run.SAMPLE_USERS
    for user in users:
        assert all(item.title.startswith("Item number") for item in (*user.history, *user.next_purchases))
        assert all(item.bought for item in user.bought)
        assert not {item.title for item in user.discovery} & {item.title for item in user.history}


def write_drifting_shop(directory: Path) -> Config:
    """Four kinds of items. 60 days before the end every user turns from one kind to another, any to any."""
    rng = np.random.default_rng(0)
    n_days, n_kinds, rows = 400, 4, []
    for user in range(160):
        early, late = user % n_kinds, user // n_kinds % n_kinds
        for day in sorted({*rng.integers(0, n_days - 60, 25).tolist(), *rng.integers(n_days - 60, n_days, 8).tolist()}):
            kind = early if day < n_days - 60 else late
            time = datetime(2025, 1, 1) + timedelta(days=day, minutes=user)  # noqa: DTZ001 - naive, in UTC
            rows += [(f"u{user}", f"I{kind + n_kinds * item:03}", time) for item in rng.choice(30, 2, replace=False)]
    directory.mkdir(parents=True, exist_ok=True)
    source = directory / "purchases.parquet"
    pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row").write_parquet(source)
    return Config(data=Data(source=str(source)), model=ModelSettings(factors=8, regularization=5.0, recipe="blend"))


def test_a_recipe_without_decay_loses_when_taste_drifts(tmp_path: Path) -> None:
    config = write_drifting_shop(tmp_path / "drifting")
    interactions = read_interactions(config, progress=False)
    window = test_window(interactions.frame, config.evaluation.test_days)
    without = config.model_copy(update={"model": config.model.model_copy(update={"half_life_days": 0.0})})
    tasks = (Task.NEXT_PURCHASES, Task.DISCOVERY)
    fresh, stale = (run.recipe_ndcg(TrainingRun(interactions, one, False), window, tasks) for one in (config, without))
    for task in tasks:
        gain = difference(fresh[task], stale[task], resample(len(fresh[task]), np.random.default_rng(0)))
        assert gain.low > 0, task


def test_audience_scores_are_those_of_rank(tiny_store: Store) -> None:
    model = open_model(tiny_store.current_path())
    items = np.array([0, 3, 7, 11])
    scores = audience_scores(model, items)
    ids = tuple(model.item_ids[item] for item in items)
    for user in range(0, len(model.user_ids), 7):
        answer = rank(model, Query(user_id=model.user_ids[user], items=ids))
        own = {pick.item_id: pick.score for pick in served_picks(answer)}
        assert [own[item_id] for item_id in ids] == pytest.approx(scores[:, user].tolist(), rel=1e-4, abs=1e-5)


def test_audience_lift_is_ten_where_all_buyers_score_highest(
    tiny_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = open_model(tiny_store.current_path())
    monkeypatch.setattr(audience, "MIN_BUYERS", 6)
    scores = audience_scores(model, np.array([2, 5]))
    bought = np.zeros((len(model.user_ids), len(model.item_ids)), np.float32)
    bought[np.argsort(-scores[0])[:6], 2] = 1  # a tenth of 60 users
    bought[np.argsort(scores[1])[:6], 5] = 1
    bought[:5, 7] = 1
    lifts = audience.audience_lifts(model, csr_array(bought), 10, np.random.default_rng(0))
    assert lifts == pytest.approx([10, 0]), "item 7 has too few buyers"

"""The simplest recipe that none other measurably beats: on planted shops, and as configured."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest

from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from tests.support.shop import write_tiny_shop
from training.config import Config, Data, ModelSettings, WeightSettings
from training.evaluation.bootstrap import Estimate
from training.evaluation.tasks import Task
from training.fitting import fit_recipe
from training.fitting.training_run import TrainingRun
from training.interactions import sampling
from training.interactions.interactions import read_interactions
from training.interactions.sampling import draw_sample
from training.selection import recipe_choice as module
from training.selection.recipe_choice import Ndcg, RecipeChoice, choose_recipe, find_weights, worth_it

pytestmark = pytest.mark.integration

BETTER, WORSE, SAME = Estimate(0.02, 0.01, 0.03), Estimate(-0.02, -0.03, -0.01), Estimate(0.0, -0.01, 0.01)
START = datetime(2025, 1, 1)  # noqa: DTZ001 - naive, in UTC
LAST_DAY = 320
PERIOD = 60
N_USERS = 120


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        ((BETTER, BETTER), True),
        ((BETTER, SAME), True),
        ((SAME, BETTER), True),
        ((SAME, SAME), False),
        ((BETTER, WORSE), False),
        ((WORSE, WORSE), False),
        ((BETTER,), True),
        ((Estimate(0.0, 0.0, 0.0), Estimate(0.0, 0.0, 0.0)), False),
        ((), False),
    ],
)
def test_only_measurably_better_somewhere_and_worse_nowhere_is_worth_it(
    gains: tuple[Estimate, ...], expected: bool
) -> None:
    assert worth_it(dict(zip((Task.NEXT_PURCHASES, Task.DISCOVERY), gains, strict=False))) is expected


@pytest.fixture(scope="module")
def model(tiny_store: Store) -> Model:
    return open_model(tiny_store.current_path())


def test_weights_move_where_it_helps_and_hurts_nothing(model: Model) -> None:
    """A frequency of more would help, less of the newcomers too; more ALS would help the one and hurt the other task,
    and the trend is all the same."""
    noise = np.random.default_rng(0).normal(0, 0.01, 400)
    asked = []

    def measure(model: Model) -> Ndcg:
        weights = model.recipe.weights
        asked.append(weights)
        both = 0.3 * (weights.frequency > 1) + 0.2 * (weights.newcomers < 0.6)
        return {Task.NEXT_PURCHASES: noise + both + weights.als, Task.DISCOVERY: noise + both - weights.als}

    found, ndcg = find_weights(model, measure)
    default = model.recipe.weights
    assert asked[0] == model.recipe.weights
    assert asdict(found) == pytest.approx(
        asdict(replace(default, newcomers=0.4 * default.newcomers, frequency=2.5 * default.frequency))
    )
    assert ndcg[Task.DISCOVERY].mean() == pytest.approx(0.5 - default.als, abs=0.01)


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the blend's weights stay as they are, which saves most of the time."""
    monkeypatch.setattr(module, "MIN_CASES", 80)
    monkeypatch.setattr(module, "FACTORS", ())


def run_on(rows: list[tuple[str, str, datetime]], directory: Path) -> TrainingRun:
    directory.mkdir(parents=True, exist_ok=True)
    source = directory / "purchases.parquet"
    pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row").write_parquet(source)
    config = Config(data=Data(source=str(source)), model=ModelSettings(factors=8, regularization=5.0, iterations=5))
    return TrainingRun(read_interactions(config, progress=False), config, show_progress=False)


def purchases(staples: bool) -> list[tuple[str, str, datetime]]:
    """Everybody buys anything; or, with staples, something new every time, and three staples, each every PERIOD days:
    what was bought lately will not be bought again soon."""
    rng = np.random.default_rng(2)
    rows = []
    for user in range(N_USERS):
        times = [START + timedelta(days=int(day), minutes=user) for day in rng.integers(0, LAST_DAY, 25)]
        items = rng.permutation(150)[:25] if staples else rng.integers(0, 150, 25)
        rows += [(f"u{user}", f"once {item}", time) for item, time in zip(items, times, strict=True)]
        for item in rng.choice(30, 3, replace=False) if staples else []:
            days = range(int(rng.integers(0, PERIOD)), LAST_DAY, PERIOD)
            rows += [(f"u{user}", f"staple {item}", START + timedelta(days=day, minutes=user)) for day in days]
    return rows


@pytest.mark.usefixtures("few_are_enough")
def test_a_ranker_is_chosen_where_it_sees_more(tmp_path: Path) -> None:
    run = run_on(purchases(staples=True), tmp_path)
    choice = choose_recipe(run)
    assert choice.recipe == "ranker"
    assert choice.gains[Task.NEXT_PURCHASES].low > 0.02
    assert choice.metrics["chosen"] == "ranker"
    gain = choice.gains[Task.NEXT_PURCHASES]
    assert choice.metrics["ranker_gain"]["next_purchases"] == pytest.approx([gain.value, gain.low, gain.high], abs=1e-6)


@pytest.mark.usefixtures("few_are_enough")
def test_the_blend_is_chosen_where_there_is_nothing_to_see(tmp_path: Path) -> None:
    choice = choose_recipe(run_on(purchases(staples=False), tmp_path))
    assert choice.recipe == "blend"
    assert choice.gains, "both were measured"


@pytest.mark.usefixtures("few_are_enough")
def test_on_a_sample_of_a_large_shop_only_the_weights_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the ranker would see more."""
    run = run_on(purchases(staples=True), tmp_path)
    monkeypatch.setattr(sampling, "MAX_EVENTS", run.interactions.frame.height - 1)
    sampled = replace(run, interactions=draw_sample(run.interactions))
    monkeypatch.setattr(fit_recipe, "examples_until", lambda *_: pytest.fail("nothing is learned from a sample"))
    assert choose_recipe(sampled) == RecipeChoice("blend", WeightSettings(), {})


def test_a_short_history_gets_the_blend(tmp_path: Path) -> None:
    config = write_tiny_shop(tmp_path / "shop")
    choice = choose_recipe(TrainingRun(read_interactions(config, progress=False), config, show_progress=False))
    assert choice == RecipeChoice("blend", WeightSettings(), {})


@pytest.mark.parametrize("name", ["blend", "ranker"])
def test_what_is_configured_is_what_is_fitted(tmp_path: Path, name: Literal["blend", "ranker"]) -> None:
    shop = write_tiny_shop(tmp_path / "shop")
    weights = WeightSettings(als=0.5)
    config = shop.model_copy(update={"model": shop.model.model_copy(update={"recipe": name, "weights": weights})})
    run = TrainingRun(read_interactions(config, progress=False), config, show_progress=False)
    choice = choose_recipe(run)
    assert choice == RecipeChoice(name, weights, {})
    assert choice.metrics == {"chosen": name, "weights": weights.model_dump(), "ranker_gain": {}}
    assert choice.applied_to(config.model) == config.model


def test_the_choice_stands_in_the_manifest(model: Model) -> None:
    assert model.manifest.metrics["recipe"]["chosen"] == "blend"
    assert model.manifest.configuration["model"]["recipe"] == "blend"
    assert len(model.forest) == 0

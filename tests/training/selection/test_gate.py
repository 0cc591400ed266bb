"""What is published and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from artifacts.publishing.manifest import read_manifest
from artifacts.publishing.store import Store
from tests.support.shop import write_tiny_shop
from training import job
from training.__main__ import main
from training.config import Config
from training.evaluation.bootstrap import Estimate
from training.evaluation.results import RECIPE, Evaluation, TaskResult
from training.evaluation.run import evaluate
from training.evaluation.tasks import Task
from training.fitting.training_run import TrainingRun
from training.interactions.interactions import read_interactions
from training.selection import gate
from training.selection.champion import Champion, measure_champion
from training.selection.gate import PUBLISHED, Check, WorseVersionError, judge, pass_gate
from training.selection.recipe_choice import RecipeChoice

pytestmark = pytest.mark.integration

NOTHING = Champion({}, None)


def evaluated(evaluation: Evaluation, **ndcg: np.ndarray) -> Evaluation:
    """An evaluation whose only task has these values."""
    assert evaluation.test is not None
    values = {name.replace("_", " ") if name != "recipe" else RECIPE: one for name, one in ndcg.items()}
    task = TaskResult(Task.DISCOVERY, "digest", {}, {}, {}, values)
    return replace(evaluation, test=replace(evaluation.test, tasks={Task.DISCOVERY: task}))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return write_tiny_shop(tmp_path_factory.mktemp("gate"), n_users=60)


@pytest.fixture(scope="module")
def evaluation(config: Config) -> Evaluation:
    return evaluate(TrainingRun(read_interactions(config, progress=False), config, False), 0)


BASE = np.random.default_rng(0).random(400)


def test_a_better_version_passes(evaluation: Evaluation) -> None:
    judgement = judge(evaluated(evaluation, recipe=BASE + 0.1, popularity=BASE), NOTHING, 0.02)
    assert judgement.passed
    assert [check.verdict for check in judgement.checks] == ["better"]


def test_a_version_worse_than_a_baseline_is_refused_with_the_table(evaluation: Evaluation) -> None:
    with pytest.raises(WorseVersionError, match=r"discovery +popularity .* worse"):
        pass_gate(evaluated(evaluation, recipe=BASE - 0.1, popularity=BASE), NOTHING, 0.02, None)


def test_force_publishes_and_keeps_the_reason(evaluation: Evaluation) -> None:
    judgement = pass_gate(evaluated(evaluation, recipe=BASE - 0.1, popularity=BASE), NOTHING, 0.02, "a new season")
    assert judgement.metrics["forced"] == "a new season"
    assert not judgement.metrics["passed"]


def test_force_is_not_recorded_where_it_was_not_needed(evaluation: Evaluation) -> None:
    judgement = pass_gate(evaluated(evaluation, recipe=BASE, popularity=BASE - 0.1), NOTHING, 0.02, "just in case")
    assert judgement.metrics["forced"] is None


@pytest.mark.parametrize(("loss", "passes"), [(0.01, True), (0.03, False)])
def test_the_published_version_is_met_within_the_margin(evaluation: Evaluation, loss: float, passes: bool) -> None:
    published = Champion({Task.DISCOVERY: BASE}, None)
    judgement = judge(evaluated(evaluation, recipe=BASE * (1 - loss)), published, 0.02)
    assert [check.rival for check in judgement.checks] == [PUBLISHED]
    assert judgement.passed is passes
    assert judgement.checks[0].verdict == ("within the margin" if passes else "worse")


def test_what_may_be_chance_is_no_reason_to_refuse() -> None:
    wide = Estimate(-0.05, -0.12, 0.02)
    check = Check(Task.DISCOVERY, "popularity", 0.15, 0.20, wide, 0.02)
    assert check.passed
    assert check.verdict == "no measurable difference"


def test_too_few_customers_are_no_ground_for_judging(evaluation: Evaluation) -> None:
    few = slice(0, gate.MIN_CASES - 1)
    judgement = judge(evaluated(evaluation, recipe=BASE[few] - 0.5, popularity=BASE[few]), NOTHING, 0.02)
    assert judgement.passed
    assert judgement.checks == ()
    assert "fewer than" in " ".join(judgement.notes)


def refused(config: Config) -> Config:
    """Settings with which nothing is learnt."""
    return config.model_copy(update={"model": config.model.model_copy(update={"regularization": 1e6, "factors": 1})})


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return write_tiny_shop(tmp_path_factory.mktemp("many"), n_users=220)


@pytest.fixture(scope="module")
def published(many: Config, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store whose version has shown what it can; not to be changed."""
    store = Store(tmp_path_factory.mktemp("published"))
    job.train(many, store, show_progress=False, force="the first one")
    return store


def test_the_first_version_has_nothing_to_be_compared_with(published: Store) -> None:
    gate_metrics = read_manifest(published.current_path()).metrics["gate"]
    assert "nothing is published yet to compare with" in gate_metrics["notes"]
    assert PUBLISHED not in {check["rival"] for check in gate_metrics["checks"]}


def test_a_worse_recipe_is_refused_and_the_old_version_stays(many: Config, published: Store) -> None:
    before = published.current()
    with pytest.raises(WorseVersionError) as error:
        job.train(refused(many), published, show_progress=False)
    worse = {check.rival for check in error.value.judgement.checks if not check.passed}
    assert PUBLISHED in worse
    assert published.current() == before
    assert published.versions() == [before]


def test_on_the_same_data_the_published_version_is_judged_by_what_it_got(many: Config, published: Store) -> None:
    interactions = read_interactions(many, progress=False)
    evaluation = evaluate(TrainingRun(interactions, refused(many), False), 0)
    champion = measure_champion(published, evaluation.test, TrainingRun(interactions, refused(many), False))
    stored = np.load(published.current_path() / "evaluation.discovery.npy")
    assert champion.note is None
    assert champion.ndcg[Task.DISCOVERY].tolist() == stored.tolist()


def test_on_other_data_its_settings_are_fitted_anew_on_the_same_history(many: Config, published: Store) -> None:
    interactions = replace(read_interactions(many, progress=False), fingerprint="another day")
    evaluation = evaluate(TrainingRun(interactions, refused(many), False), 0)
    champion = measure_champion(published, evaluation.test, TrainingRun(interactions, refused(many), False))
    stored = np.load(published.current_path() / "evaluation.discovery.npy")
    assert champion.note is None
    assert champion.ndcg[Task.DISCOVERY] == pytest.approx(stored), "the rows are the same after all"


def test_the_same_settings_on_other_data_are_not_fitted_twice(many: Config, published: Store) -> None:
    interactions = replace(read_interactions(many, progress=False), fingerprint="another day")
    blend = RecipeChoice("blend", many.model.weights, {}).applied_to(many.model)
    run = TrainingRun(interactions, many.model_copy(update={"model": blend}), False)
    evaluation = evaluate(run, 0)
    champion = measure_champion(published, evaluation.test, run)
    assert champion.ndcg == {}
    assert "the same settings" in str(champion.note)


TOML = """
[data]
catalogue = "{catalogue}"
[model]
factors = 1
regularization = 1e6
half_life_days = 0.0
"""


def test_the_command_ends_with_3_and_publishes_with_a_reason(
    many: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "bad.toml"
    settings.write_text(TOML.format(catalogue=many.data.catalogue))
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "store"))
    command = ["train", "--quiet", "--data", str(many.data.source), "--config", str(settings)]
    assert main(command) == 3
    assert "worse" in capsys.readouterr().err
    assert Store(tmp_path / "store").versions() == []
    assert main([*command, "--force", "the only one we have"]) == 0
    manifest = read_manifest(Store(tmp_path / "store").current_path())
    assert manifest.metrics["gate"]["forced"] == "the only one we have"


def test_an_empty_reason_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["train", "--force", " "])
    assert error.value.code == 2
    assert "a reason is needed" in capsys.readouterr().err

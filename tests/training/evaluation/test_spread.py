"""What other seeds make of the same recipe."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.report_page import RUN
from tests.support.shop import write_tiny_shop
from training.__main__ import main
from training.config import Config
from training.evaluation.results import RECIPE, Evaluation
from training.evaluation.run import evaluate, recipe_ndcg
from training.evaluation.spread import over_seeds
from training.evaluation.table import as_text
from training.fitting.training_run import TrainingRun
from training.interactions.interactions import read_interactions
from training.report.page import render


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    config = write_tiny_shop(tmp_path_factory.mktemp("spread"))
    return TrainingRun(read_interactions(config, progress=False), config, show_progress=False)


@pytest.fixture(scope="module")
def evaluation(run: TrainingRun) -> Evaluation:
    return evaluate(run, backtests=0)


def seeded(config: Config, seed: int) -> Config:
    return config.model_copy(update={"model": config.model.model_copy(update={"seed": seed})})


def test_each_seed_is_a_fit_of_its_own_on_the_same_cases(run: TrainingRun, evaluation: Evaluation) -> None:
    spread = over_seeds(evaluation, run, 3).spread
    test = evaluation.test
    assert test is not None
    assert spread.keys() == test.tasks.keys()
    last = TrainingRun(
        run.interactions,
        seeded(run.config, run.config.model.seed + 2),
        show_progress=False,
    )
    third = recipe_ndcg(last, test.window, test.tasks)
    for task, values in spread.items():
        assert len(values) == 3
        assert values[0] == pytest.approx(test.tasks[task].rows[RECIPE]["NDCG@10"].value)
        assert values[2] == pytest.approx(third[task].mean())
    assert any(np.ptp(values) > 0 for values in spread.values()), "seeds do differ"


def test_it_stands_in_the_table_and_the_report(run: TrainingRun, evaluation: Evaluation) -> None:
    found = over_seeds(evaluation, run, 2)
    task, values = next(iter(found.spread.items()))
    std = abs(values[0] - values[1]) / np.sqrt(2)
    row = [f"{number:.4f}" for number in (values.mean(), std, values.min(), values.max())]
    assert [task, *row] in [line.split() for line in as_text(found).splitlines()]
    page = render(found, RUN, None, ())
    assert "".join(f"<td>{cell}</td>" for cell in ["2", *row]) in page


def test_one_seed_has_no_spread(run: TrainingRun, evaluation: Evaluation) -> None:
    assert over_seeds(evaluation, run, 1) == evaluation
    assert "seeds" not in as_text(evaluation)
    assert "Spread over seeds" not in render(evaluation, RUN, None, ())


@pytest.mark.parametrize("seeds", ["0", "-1", "two"])
def test_seeds_are_checked(seeds: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--out", str(tmp_path), "--seeds", seeds])
    assert ended.value.code == 2
    assert f"{seeds!r} is not a whole number from 1" in capsys.readouterr().err

"""What is kept of a run's examples when its settings change."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.shop import write_tiny_shop
from training.config import WeightSettings
from training.fitting.ranker import no_examples
from training.fitting.training_run import TrainingRun
from training.interactions.interactions import read_interactions


@pytest.fixture
def run(tmp_path: Path) -> TrainingRun:
    config = write_tiny_shop(tmp_path)
    examples = {datetime.fromisoformat("2025-01-01"): no_examples()}
    return TrainingRun(read_interactions(config, progress=False), config, show_progress=False, examples=examples)


def test_another_recipe_learns_from_the_same_examples(run: TrainingRun) -> None:
    ranker = run.config.model.model_copy(update={"recipe": "ranker"})
    found = run.with_model(ranker)
    assert found == replace(run, config=run.config.model_copy(update={"model": ranker}))
    assert found.examples is run.examples, "what one finds the other need not find again"


@pytest.mark.parametrize("update", [{"weights": WeightSettings(als=0.9)}, {"seed": 1}, {"factors": 3}])
def test_examples_that_other_settings_would_not_find_are_left_behind(
    run: TrainingRun, update: dict[str, object]
) -> None:
    found = run.with_model(run.config.model.model_copy(update=update))
    assert found.examples == {}
    assert len(run.examples) == 1

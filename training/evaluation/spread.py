"""How much of a recipe's NDCG is the luck of its seed."""

from dataclasses import replace

import numpy as np

from training.evaluation.metrics import Values
from training.evaluation.results import RECIPE, Evaluation
from training.evaluation.run import recipe_ndcg
from training.evaluation.tasks import Task
from training.fitting.training_run import TrainingRun


def over_seeds(evaluation: Evaluation, run: TrainingRun, n_seeds: int) -> Evaluation:
    """The evaluation with its spread over `n_seeds`: the recipe is fitted again, and asked the same cases of the last
    window, with each seed that follows the configured one."""
    test = evaluation.test
    if test is None or n_seeds == 1:
        return evaluation
    found = [{task: one.ndcg[RECIPE] for task, one in test.tasks.items()}]
    found += [recipe_ndcg(_with_seed(run, step), test.window, test.tasks) for step in range(1, n_seeds)]
    return replace(evaluation, spread={task: _means(found, task) for task in test.tasks})


def _means(found: list[dict[Task, Values]], task: Task) -> Values:
    return np.array([one[task].mean() for one in found])


def _with_seed(run: TrainingRun, step: int) -> TrainingRun:
    model = run.config.model
    return run.with_model(model.model_copy(update={"seed": (model.seed + step) % 2**32}))

"""How much of a recipe's NDCG is the luck of its seed."""

from dataclasses import replace

import numpy as np

from training.evaluation.metrics import Values
from training.evaluation.results import RECIPE, Evaluation
from training.evaluation.run import recipe_ndcg
from training.evaluation.tasks import Task
from training.fitting.ranker_examples import RankerExamples


def over_seeds(evaluation: Evaluation, ranker_examples: RankerExamples, n_seeds: int) -> Evaluation:
    """The evaluation with its spread over `n_seeds`: the recipe is fitted again, and asked the same cases of the last
    window, with each seed that follows the configured one."""
    test = evaluation.test
    if test is None or n_seeds == 1:
        return evaluation
    found = [{task: one.ndcg[RECIPE] for task, one in test.tasks.items()}]
    found += [recipe_ndcg(_with_seed(ranker_examples, step), test.window, test.tasks) for step in range(1, n_seeds)]
    return replace(evaluation, spread={task: _means(found, task) for task in test.tasks})


def _means(found: list[dict[Task, Values]], task: Task) -> Values:
    return np.array([one[task].mean() for one in found])


def _with_seed(ranker_examples: RankerExamples, step: int) -> RankerExamples:
    """Nothing that another seed has found is taken over: a ranker's examples depend on it too."""
    model = ranker_examples.config.model
    model = model.model_copy(update={"seed": (model.seed + step) % 2**32})
    return replace(ranker_examples, config=ranker_examples.config.model_copy(update={"model": model}), found={})

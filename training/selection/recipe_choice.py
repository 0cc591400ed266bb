"""Which recipe a shop gets: the simplest that none other measurably beats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tqdm import tqdm

from artifacts.model.model import Model
from artifacts.model.recipe import Weights
from training.config import RecipeName, WeightSettings
from training.evaluation.bootstrap import Estimate, difference, resample
from training.evaluation.metrics import Values
from training.evaluation.run import case_ndcg, cases_of, fitted_before, recipe_ndcg
from training.evaluation.tasks import JUDGED, Cases, Task
from training.fitting.ranker_examples import RankerExamples
from training.interactions.windows import test_window

SEED = 0
# What a weight is tried with, once; a weight of 0 is tried with the last of these.
FACTORS = (0.4, 2.5)
FIRST_WEIGHT = 0.05
MIN_CASES = 200  # with fewer, a difference is chance

Ndcg = Mapping[Task, Values]


@dataclass(frozen=True)
class RecipeChoice:
    """The chosen settings, and for each task how much NDCG the ranker adds to the blend on the validation window;
    nothing where there was nothing to compare."""

    recipe: RecipeName
    weights: WeightSettings
    gains: Mapping[Task, Estimate]

    @property
    def metrics(self) -> dict[str, Any]:
        """The choice as the manifest keeps it; a gain is [value, low, high]."""
        ends = {str(task): (gain.value, gain.low, gain.high) for task, gain in self.gains.items()}
        gains = {task: [round(end, 6) for end in interval] for task, interval in ends.items()}
        return {"chosen": self.recipe, "weights": self.weights.model_dump(), "ranker_gain": gains}


def choose_recipe(ranker_examples: RankerExamples) -> RecipeChoice:
    """Find the blend's weights and whether a ranker is worth it on the window before the test window, which neither
    has seen; as configured, unless auto.

    On a sample of a large shop only the weights are found: many of a ranker's features, such as how many bought an
    item, say something else of a sample than of the shop.
    """
    model = ranker_examples.config.model
    if model.recipe != "auto":
        return RecipeChoice(model.recipe, model.weights, {})
    window = test_window(ranker_examples.interactions.frame, ranker_examples.config.evaluation.test_days).earlier(1)
    found = cases_of(ranker_examples, window, JUDGED)
    if found is None or any(len(cases) < MIN_CASES for cases in found[1].values()):
        return RecipeChoice("blend", model.weights, {})
    known, tasks = found
    with fitted_before(known, settled(ranker_examples, RecipeChoice("blend", model.weights, {}))) as opened:
        weights, simple = _try_weights(opened, tasks, ranker_examples)
    chosen = WeightSettings(**vars(weights))
    if ranker_examples.interactions.sample is not None:
        return RecipeChoice("blend", chosen, {})
    learned = recipe_ndcg(settled(ranker_examples, RecipeChoice("ranker", chosen, {})), window, JUDGED)
    gains = gains_of(simple, learned)
    return RecipeChoice("ranker" if worth_it(gains) else "blend", chosen, gains)


def _try_weights(model: Model, tasks: Mapping[Task, Cases], ranker_examples: RankerExamples) -> tuple[Weights, Ndcg]:
    quiet = replace(ranker_examples, show_progress=False)
    with tqdm(desc="weights", unit=" tried", disable=not ranker_examples.show_progress) as bar:

        def measure(tried: Model) -> Ndcg:
            bar.update()
            return case_ndcg(tried, tasks, quiet)

        return find_weights(model, measure)


def find_weights(model: Model, measure: Callable[[Model], Ndcg]) -> tuple[Weights, Ndcg]:
    """Try less and more of each part of the blend once, and keep what is worth it; and the NDCG with the result."""
    weights = model.recipe.weights
    best = measure(model)
    for name, weight in vars(weights).items():
        for value in [weight * factor for factor in FACTORS] if weight else [FIRST_WEIGHT]:
            tried = replace(weights, **{name: round(value, 6)})
            found = measure(replace(model, recipe=replace(model.recipe, weights=tried)))
            if worth_it(gains_of(best, found)):
                weights, best = tried, found
                break
    return weights, best


def worth_it(gains: Mapping[Task, Estimate]) -> bool:
    """Whether the more complicated recipe is measurably better at something and measurably worse at nothing."""
    return any(gain.low > 0 for gain in gains.values()) and not any(gain.high < 0 for gain in gains.values())


def gains_of(simple: Ndcg, other: Ndcg) -> dict[Task, Estimate]:
    """How much better the other recipe is on the same cases, (n_cases,) of each task; 95% by paired bootstrap."""
    resamples = {task: resample(len(values), np.random.default_rng(SEED)) for task, values in simple.items()}
    return {task: difference(other[task], values, resamples[task]) for task, values in simple.items()}


def settled(ranker_examples: RankerExamples, choice: RecipeChoice) -> RankerExamples:
    """The lessons with the choice in their configuration; what was found by other weights is forgotten."""
    former = ranker_examples.config.model
    model = former.model_copy(update={"recipe": choice.recipe, "weights": choice.weights})
    config = ranker_examples.config.model_copy(update={"model": model})
    found = ranker_examples.found if choice.weights == former.weights else {}
    return replace(ranker_examples, config=config, found=found)

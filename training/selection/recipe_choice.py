"""Which recipe a shop gets: the simplest that none other measurably beats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tqdm import tqdm

from artifacts.model.model import Model
from artifacts.model.recipe import Weights
from training.config import ModelSettings, RecipeName, WeightSettings
from training.evaluation.bootstrap import Estimate, difference, resample
from training.evaluation.metrics import Values
from training.evaluation.run import case_ndcg, cases_of, fitted_before, recipe_ndcg
from training.evaluation.tasks import JUDGED, Cases, Task
from training.fitting.training_run import TrainingRun
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

    def applied_to(self, settings: ModelSettings) -> ModelSettings:
        """The settings of [model] with the choice in place of what was configured."""
        return settings.model_copy(update={"recipe": self.recipe, "weights": self.weights})


def choose_recipe(run: TrainingRun) -> RecipeChoice:
    """Find the blend's weights and whether a ranker is worth it on the window before the test window, which neither
    has seen; as configured, unless auto.

    On a sample of a large shop only the weights are found: many of a ranker's features, such as how many bought an
    item, say something else of a sample than of the shop.
    """
    settings = run.config.model
    if settings.recipe != "auto":
        return RecipeChoice(settings.recipe, settings.weights, {})
    blend = RecipeChoice("blend", settings.weights, {})
    window = test_window(run.interactions.frame, run.config.evaluation.test_days).earlier(1)
    found = cases_of(run, window, JUDGED)
    if found is None or any(len(cases) < MIN_CASES for cases in found[1].values()):
        return blend
    holdout, tasks = found
    with fitted_before(holdout, run.with_model(blend.applied_to(settings))) as model:
        weights, blend_ndcg = _try_weights(model, tasks, run)
    blend = replace(blend, weights=WeightSettings(**vars(weights)))
    if run.interactions.sample is not None:
        return blend
    ranker = replace(blend, recipe="ranker")
    ranker_ndcg = recipe_ndcg(run.with_model(ranker.applied_to(settings)), window, JUDGED)
    gains = gains_of(blend_ndcg, ranker_ndcg)
    return replace(ranker if worth_it(gains) else blend, gains=gains)


def _try_weights(model: Model, tasks: Mapping[Task, Cases], run: TrainingRun) -> tuple[Weights, Ndcg]:
    quiet = replace(run, show_progress=False)
    with tqdm(desc="weights", unit=" tried", disable=not run.show_progress) as bar:

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

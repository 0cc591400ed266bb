"""Which recipe a shop gets: the simplest that none other measurably beats."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from training.config import Recipe
from training.evaluation.bootstrap import Estimate, difference, resample
from training.evaluation.metrics import Values
from training.evaluation.run import recipe_ndcg
from training.evaluation.split import test_window
from training.evaluation.tasks import Task
from training.lessons import Lessons

JUDGED = (Task.NEXT_PURCHASES, Task.DISCOVERY)
SEED = 0


@dataclass(frozen=True)
class Choice:
    """The chosen recipe, and for each task how much NDCG the ranker adds to the blend on the validation window;
    nothing where there was nothing to compare."""

    recipe: Recipe
    gains: Mapping[Task, Estimate]

    @property
    def metrics(self) -> dict[str, Any]:
        """The choice as the manifest keeps it; a gain is [value, low, high]."""
        gains = {
            str(task): [round(end, 6) for end in (one.value, one.low, one.high)] for task, one in self.gains.items()
        }
        return {"chosen": self.recipe, "ranker_gain": gains}


def choose_recipe(lessons: Lessons) -> Choice:
    """Compare on the window before the test window, which both recipes have not seen; as configured, unless auto."""
    configured = lessons.config.model.recipe
    if configured != "auto":
        return Choice(configured, {})
    window = test_window(lessons.interactions.frame, lessons.config.evaluation.test_days).earlier(1)
    if not lessons.until(window.start):
        return Choice("blend", {})
    simple = recipe_ndcg(settled(lessons, "blend"), window, JUDGED)
    learned = recipe_ndcg(settled(lessons, "ranker"), window, JUDGED)
    gains = {task: _gain(simple[task], learned[task]) for task in simple}
    return Choice("ranker" if worth_it(gains) else "blend", gains)


def worth_it(gains: Mapping[Task, Estimate]) -> bool:
    """Whether the more complicated recipe is measurably better at something and measurably worse at nothing."""
    return any(gain.low > 0 for gain in gains.values()) and not any(gain.high < 0 for gain in gains.values())


def settled(lessons: Lessons, recipe: Recipe) -> Lessons:
    """The same lessons, whatever was found already included, with the recipe settled."""
    model = lessons.config.model.model_copy(update={"recipe": recipe})
    return replace(lessons, config=lessons.config.model_copy(update={"model": model}))


def _gain(simple: Values, learned: Values) -> Estimate:
    return difference(learned, simple, resample(len(simple), np.random.default_rng(SEED)))

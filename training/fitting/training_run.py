"""What all fits of a run go by: the shop's history, its configuration, and the examples its rankers learn from."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from training.config import Config, ModelSettings
from training.fitting.ranker import Examples
from training.interactions.interactions import Interactions


@dataclass(frozen=True)
class TrainingRun:
    """`examples` are those found so far, by the day (naive UTC) their window began: each is found once, however many
    rankers learn from it."""

    interactions: Interactions
    config: Config
    show_progress: bool
    examples: dict[datetime, Examples] = field(default_factory=dict)

    def with_model(self, settings: ModelSettings) -> "TrainingRun":
        """The same with other settings of [model]; examples that other settings would not find are left behind."""
        config = self.config.model_copy(update={"model": settings})
        same = _without_recipe(settings) == _without_recipe(self.config.model)
        return replace(self, config=config, examples=self.examples if same else {})


def _without_recipe(settings: ModelSettings) -> ModelSettings:
    """What examples depend on: they are candidates of the blend, whatever ranks them later."""
    return settings.model_copy(update={"recipe": "blend"})

"""Fit what is published: the blend, and a ranker on top where the recipe has one."""

from dataclasses import replace
from datetime import datetime

import polars as pl

from artifacts.cpus import available_cpus
from artifacts.model.model import Fitted
from training.fitting.fit import fit
from training.fitting.ranker import fit_ranker
from training.fitting.ranker_examples import examples_until
from training.fitting.training_run import TrainingRun
from training.interactions.dataset import Dataset
from training.live.events import event_weights


def fit_recipe(dataset: Dataset, catalogue: pl.DataFrame, run: TrainingRun, moment: datetime) -> Fitted:
    """Fit on a history that ends at `moment` (naive UTC), with a ranker where the configured recipe has one and the
    history is long enough to teach it."""
    settings = run.config.model
    fitted = fit(dataset, catalogue, settings, run.show_progress)
    fitted = replace(fitted, recipe=replace(fitted.recipe, event_weights=event_weights(run.config)))
    examples = examples_until(run, moment) if settings.recipe == "ranker" else []
    if not examples:
        return fitted
    return replace(fitted, forest=fit_ranker(examples, settings.seed, available_cpus()))

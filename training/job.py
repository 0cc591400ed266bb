"""A training run: the data's path from the source to the published version, step by step."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile

from artifacts.errors import ArtifactError
from artifacts.model.model import save_model
from artifacts.publishing.disk import writing_to
from artifacts.publishing.manifest import REPORT_NAME
from artifacts.publishing.store import DEFAULT_KEEP, Store
from training.config import Config
from training.errors import DataError
from training.evaluation.results import Evaluation
from training.evaluation.run import BACKTESTS, evaluate
from training.evaluation.spread import over_seeds
from training.fitting.fit import with_co_views, with_similar
from training.fitting.fit_recipe import fit_recipe
from training.fitting.training_run import TrainingRun
from training.interactions.dataset import encode
from training.interactions.interactions import read_interactions
from training.interactions.sampling import draw_sample
from training.interactions.windows import test_window
from training.live.connection import check_live
from training.live.pruning import prune_live
from training.live.settings import NO_LIVE_STORE, LiveSettings
from training.provenance import Stopwatch, describe
from training.report.page import describe_run, write_report
from training.report.past import past_versions, this_version
from training.selection.champion import measure_champion, save_ndcg
from training.selection.data_check import check_data, pass_data
from training.selection.gate import judge, pass_gate
from training.selection.recipe_choice import choose_recipe
from training.stopping import Terminated


def train(
    config: Config, store: Store, show_progress: bool, force: str | None = None, live: LiveSettings = NO_LIVE_STORE
) -> str:
    """Train on the configured data and the live store and publish; answers the new version's name. Events that the live
    store need not keep any more are deleted then.

    Raises DataError where the data or the live store cannot be used, GateError where the data is less than the
    published version's, which shows before anything is fitted, or the recipe is worse than its baselines or than the
    published version (`force` is a reason to publish it still), ArtifactError where the store cannot be used, which
    shows first; either way what was published before stays published.
    """
    clock = Stopwatch(announce=show_progress)
    store.check_writable()
    with clock.step("read and clean"):
        check_live(live, create=not store.versions())
        interactions = read_interactions(config, show_progress, live)
        data = pass_data(store, interactions, config, force)
    with clock.step("choose the recipe"):
        run = TrainingRun(draw_sample(interactions), config, show_progress)
        choice = choose_recipe(run)
        run = run.with_model(choice.applied_to(config.model))
    with clock.step("evaluate"):
        evaluation = evaluate(run, backtests=0)
    with clock.step("compare with the published version"):
        champion = measure_champion(store, evaluation.test, run)
    judgement = pass_gate(evaluation, champion, config.gate.margin, force, data)
    with clock.step("encode"):
        dataset = encode(interactions.frame, interactions.catalogue["item_id"], config.purchase_event)
        newest = test_window(interactions.frame, config.evaluation.test_days).end
        interactions = replace(interactions, frame=interactions.frame.clear())  # a large shop's takes gigabytes
    with clock.step("fit"):
        fitted = with_similar(fit_recipe(dataset, interactions.catalogue, run, newest), show_progress)
        fitted = with_co_views(fitted, dataset, show_progress)
    recall = {"recall@10": fitted.recipe.index_recall}
    metrics = {
        **evaluation.headline,
        "index": recall,
        "recipe": choice.metrics,
        "evaluation": evaluation.metrics,
        "gate": judgement.metrics,
        "report": REPORT_NAME,
    }
    with store.draft() as draft:
        with clock.step("write"):
            save_model(draft, fitted)
            save_ndcg(draft, evaluation.test)
        with clock.step("report"):
            described = describe_run(interactions)
            versions = [*past_versions(store), this_version(described.created, metrics)]
            write_report(draft / REPORT_NAME, evaluation, described, judgement, versions)
        version = store.publish(draft, describe(run.config, interactions, dataset, metrics, clock.seconds))
    try:
        _prune(store, version, live)
    except (KeyboardInterrupt, Terminated):
        print(f"train: {version} is published; stopped while old versions were removed", file=sys.stderr)
    return version


def _prune(store: Store, version: str, live: LiveSettings) -> None:
    """Remove old versions and old live events; that this fails does not undo what was published."""
    try:
        store.prune(DEFAULT_KEEP)
    except (ArtifactError, OSError) as error:
        print(f"train: {version} is published, but old versions could not be removed: {error}", file=sys.stderr)
    try:
        if live.live_url is not None:
            prune_live(store, live.live_url, live.live_keep_days, time.time())
    except (ArtifactError, DataError, OSError) as error:
        print(f"train: {version} is published, but old live events could not be removed: {error}", file=sys.stderr)


def measure(  # noqa: PLR0913
    config: Config,
    store: Store,
    directory: Path,
    show_progress: bool,
    n_seeds: int = 1,
    *,
    live: LiveSettings = NO_LIVE_STORE,
) -> Evaluation:
    """Evaluate the configured recipe on the last window, with `n_seeds` seeds, and on earlier ones and write the report
    into `directory`.

    Nothing is published. Raises DataError where the data cannot be used, OSError where the report cannot be written.
    """
    _check_directory(directory)
    interactions = read_interactions(config, show_progress, live)
    data = check_data(store, interactions, config)
    if not data.passed:
        print(f"evaluate: the gate would refuse this data:\n{data.report}", file=sys.stderr)
    interactions = draw_sample(interactions)
    run = TrainingRun(interactions, config, show_progress)
    run = run.with_model(choose_recipe(run).applied_to(config.model))
    evaluation = over_seeds(evaluate(run, BACKTESTS), run, n_seeds)
    champion = measure_champion(store, evaluation.test, run)
    judgement = judge(evaluation, champion, config.gate.margin, data)
    with writing_to(directory / REPORT_NAME):
        write_report(directory / REPORT_NAME, evaluation, describe_run(interactions), judgement, past_versions(store))
    return evaluation


def _check_directory(directory: Path) -> None:
    """See that a report can be written, before the long work of making one. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=directory):
        pass

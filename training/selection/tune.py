"""Hyper-parameters found on the window before the test window, and the configuration that holds them."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import tomlkit
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool
from tqdm import tqdm

from artifacts.publishing.disk import told_of_full_disk, writing_to
from artifacts.publishing.durable import replace_text
from training.config import Config, ModelSettings
from training.errors import DataError, TuneError
from training.evaluation.bootstrap import Estimate, difference, resample
from training.evaluation.run import case_ndcg, cases_of, fitted_before
from training.evaluation.tasks import JUDGED, Task
from training.fitting.training_run import TrainingRun
from training.interactions.interactions import read_interactions
from training.interactions.sampling import draw_sample
from training.interactions.windows import Window, before, test_window
from training.live.settings import NO_LIVE_STORE, LiveSettings
from training.selection.recipe_choice import worth_it
from training.selection.search_space import RANGES, TUNED, as_params, range_of, suggest

TRIALS_SUFFIX = ".trials"
"""Of the file beside the output that holds all trials, and from which the next run goes on."""
NOTE = "# make tune:"
"""What comments of a search begin with."""

SEED = 0


@dataclass(frozen=True)
class Budget:
    """When a run ends, whatever comes first; the configured settings are always measured. `trials` makes a run end
    in the same place on every machine."""

    seconds: float
    trials: int | None = None


@dataclass(frozen=True)
class Tuned:
    """What was found on `window` in `n_trials`, this run's and earlier ones'.

    `settings` are the best of [model], `ndcg` the mean (configured, best) of each task, `gains` their difference on
    the same cases, and `better` whether it is measurable: only then are the settings written.
    """

    window: Window
    n_trials: int
    settings: Mapping[str, Any]
    ndcg: Mapping[Task, tuple[float, float]]
    gains: Mapping[Task, Estimate]
    better: bool

    @property
    def days(self) -> str:
        """The window, as text."""
        return f"{self.window.start:%Y-%m-%d} to {self.window.end:%Y-%m-%d}"

    @property
    def text(self) -> str:
        """What was found, for the terminal."""
        lines = [
            f"{self.n_trials} trials on {self.days}",
            f"  {'NDCG':16}{'configured':>12}{'best':>8}  difference (95%)",
        ]
        for task, gain in self.gains.items():
            configured, best = self.ndcg[task]
            means = f"{configured:12.4f}{best:8.4f}"
            lines.append(f"  {task:16}{means}  {gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})")
        if not self.better:
            return "\n".join([*lines, "not measurably better: the settings stay as configured"])
        found = (f"  {key} = {json.dumps(value)}" for key, value in self.settings.items())
        return "\n".join([*lines, "measurably better, on the window they were chosen on:", *found])


def tune(  # noqa: PLR0913
    config: Config,
    path: Path | None,
    out: Path,
    budget: Budget,
    show_progress: bool,
    *,
    live: LiveSettings = NO_LIVE_STORE,
) -> Tuned:
    """Search [model] for the blend and write `out`: the configuration of `path` with what was found.

    Goes on with the trials beside `out` if they are of the same data and configuration. An interrupt (Ctrl-C) ends the
    search, and what was found until then is written; KeyboardInterrupt goes on where that is nothing. Raises DataError
    and TuneError.
    """
    if out.is_dir() or not out.parent.is_dir():
        raise TuneError(f"{out}: cannot be written: its directory has to exist, and it is no directory itself")
    document = tomlkit.parse(_without_note(path.read_text(encoding="utf-8")) if path else "")
    interactions = draw_sample(read_interactions(config, show_progress, live))
    window = test_window(interactions.frame, config.evaluation.test_days).earlier(1)
    # From here on there is no test window.
    run = TrainingRun(before(interactions, window.end), config, show_progress=False)
    run = run.with_model(config.model.model_copy(update={"recipe": "blend"}))
    with _study(out, run) as study:
        _search(study, run, window, budget, show_progress)
        tuned = _judge(study, run.config.model, window)
    if tuned.better:
        document.setdefault("model", tomlkit.table()).update(tuned.settings)
    with writing_to(out):
        replace_text(out, ("" if tuned.better else _note(tuned, path, out)) + tomlkit.dumps(document))
    return tuned


def _note(tuned: Tuned, path: Path | None, out: Path) -> str:
    """Comments for a file that is no other configuration than what was given: it might be taken for a mistake."""
    before = f"CONFIG={path}" if path else "no CONFIG"
    return "".join(
        f"{NOTE} {line}\n"
        for line in (
            f"{tuned.n_trials} trials on {tuned.days} found nothing measurably better:",
            f"the settings stay as configured, and make train CONFIG={out} does the same as with {before}.",
        )
    )


def _without_note(text: str) -> str:
    """A configuration without what an earlier search has noted in it."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(NOTE))


@contextmanager
def _study(out: Path, run: TrainingRun) -> Iterator[optuna.Study]:
    """The trials of the same data and the same configuration, but for what is tuned."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # a trial that was stopped is no news
    trials = out.with_name(out.name + TRIALS_SUFFIX)
    model = run.config.model
    untuned = run.with_model(model.model_copy(update={key: getattr(ModelSettings(), key) for key in TUNED}))
    what = [
        run.interactions.fingerprint,
        untuned.config.public(),
        {key: range_of(key, model) for key in RANGES},
    ]
    url = URL.create("sqlite", database=str(trials.absolute())).render_as_string()
    try:
        # Without a pool no connection stays open, not even where the file is no database.
        storage = optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})
        study = optuna.create_study(
            storage=storage,
            study_name=hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest(),
            load_if_exists=True,
            direction="maximize",
        )
        # Otherwise a run that goes on would first try again what the one before it tried first.
        study.sampler = optuna.samplers.TPESampler(seed=(model.seed + len(study.trials)) % 2**32)
    except (SQLAlchemyError, optuna.exceptions.OptunaError, RuntimeError) as error:
        raise _unusable(trials, error) from error
    try:
        yield study
    except (SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        raise _unusable(trials, error) from error
    finally:
        storage.remove_session()


def _unusable(trials: Path, error: Exception) -> TuneError:
    texts = " ".join(f"{error} {error.__cause__ or ''}".split())
    return TuneError(told_of_full_disk(OSError(texts), trials) or f"{trials}: cannot be used: {texts}")


def _search(study: optuna.Study, run: TrainingRun, window: Window, budget: Budget, show_progress: bool) -> None:
    ends = time.monotonic() + budget.seconds
    total = round(budget.seconds)
    form = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} s{postfix}"
    with (
        tqdm(desc="tuning", total=total, disable=not show_progress, bar_format=form) as bar,
        _interruptible(study, run.config.model),
    ):

        def follow(study: optuna.Study, _: FrozenTrial) -> None:
            bar.set_postfix_str(f"{len(_complete(study))} tried, best NDCG {study.best_value:.4f}", refresh=False)
            bar.update(min(total - round(ends - time.monotonic()), total) - bar.n)

        objective = _objective(run, window)
        if _configured(study, run.config.model) is None:
            study.enqueue_trial(as_params(run.config.model))
            study.optimize(objective, n_trials=1, callbacks=[follow])
        left = max(ends - time.monotonic(), 0)
        study.optimize(objective, n_trials=budget.trials, timeout=left, callbacks=[follow])


@contextmanager
def _interruptible(study: optuna.Study, model: ModelSettings) -> Iterator[None]:
    """An interrupt ends the search, once there is something to compare."""
    try:
        yield
    except KeyboardInterrupt:
        if _configured(study, model) is None:
            raise


def _objective(run: TrainingRun, window: Window) -> Callable[[Trial], float]:
    """The mean over tasks of the blend's NDCG; a trial keeps that of each case, for comparisons."""
    found = cases_of(run, window, JUDGED)
    if found is None:
        raise DataError(
            f"nothing to tune on: nobody who had bought before {window.start:%Y-%m-%d} "
            f"bought again up to {window.end:%Y-%m-%d}"
        )
    holdout, tasks = found

    def objective(trial: Trial) -> float:
        settings = suggest(trial, run.config.model)
        tried = run.with_model(run.config.model.model_copy(update=settings))
        with fitted_before(holdout, tried) as model:
            ndcg = case_ndcg(model, tasks, run)
        trial.set_user_attr("ndcg", {str(task): values.round(6).tolist() for task, values in ndcg.items()})
        trial.set_user_attr("settings", settings)
        return float(np.mean([values.mean() for values in ndcg.values()]))

    return objective


def _complete(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _configured(study: optuna.Study, model: ModelSettings) -> FrozenTrial | None:
    return next((trial for trial in _complete(study) if trial.params == as_params(model)), None)


def _judge(study: optuna.Study, model: ModelSettings, window: Window) -> Tuned:
    first, best = _configured(study, model), max(_complete(study), key=_value, default=None)
    if first is None or best is None:
        raise TuneError("stopped before even the configured settings were measured")
    one, other = (
        {Task(task): np.array(cases) for task, cases in each.user_attrs["ndcg"].items()} for each in (first, best)
    )
    gains = {
        task: difference(other[task], cases, resample(len(cases), np.random.default_rng(SEED)))
        for task, cases in one.items()
    }
    means = {task: (float(cases.mean()), float(other[task].mean())) for task, cases in one.items()}
    return Tuned(window, len(_complete(study)), best.user_attrs["settings"], means, gains, worth_it(gains))


def _value(trial: FrozenTrial) -> float:
    return trial.value if trial.value is not None else -np.inf

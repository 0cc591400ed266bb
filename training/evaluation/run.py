"""An evaluation from beginning to end: fit on what came before a window, ask, compare."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from artifacts.model.half_lives import SECONDS_PER_DAY
from artifacts.model.model import Model
from training.evaluation import diagnostics
from training.evaluation.answers import Picks, ask, ask_together
from training.evaluation.audience import audience_lifts
from training.evaluation.baselines import RECENT_SALES_DAYS, Baseline, count_sold, for_baskets, for_users, rank
from training.evaluation.bootstrap import Estimate, estimate, resample
from training.evaluation.compare import Items, compare
from training.evaluation.holdout import HoldOut, hold_out, make_cases
from training.evaluation.metrics import Values, find_hits, head, ndcg, self_information
from training.evaluation.results import RECIPE, Evaluation, SampleUser, TaskResult, WindowResult
from training.evaluation.tasks import JUDGED, USER_TASKS, Activity, Cases, Task, activity_of, bought_later
from training.fitting.fit_recipe import fit_recipe
from training.fitting.ranker_examples import opened
from training.fitting.training_run import TrainingRun
from training.interactions.dataset import GUEST
from training.interactions.windows import Window, test_window

# One fixed seed, whatever the model's: every version is asked the same questions on the same data.
SEED = 20_090_618
MAX_AUDIENCE_ITEMS = 1_000
SAMPLE_USERS = 12
# Earlier windows of a full evaluation, beside the last one.
BACKTESTS = 3


def evaluate(run: TrainingRun, backtests: int) -> Evaluation:
    """Evaluate the configured recipe and its baselines on the last window of the data and on `backtests` earlier ones.

    Earlier windows that the history does not reach are left out; where it does not even reach the last one, there is
    nothing to evaluate and the answer says so.
    """
    settings = run.config.evaluation
    last = test_window(run.interactions.frame, settings.test_days)
    windows = [last.earlier(step) for step in range(backtests + 1)]
    test, *rest = [evaluate_window(run, window) for window in windows]
    skipped = (
        None if test else f"nobody who had bought before {last.start:%Y-%m-%d} bought again up to {last.end:%Y-%m-%d}"
    )
    earlier = tuple(result for result in rest if result is not None)
    sample = run.interactions.sample
    users = (sample.n_users, sample.n_all_users) if sample else None
    return Evaluation(settings.k, test, earlier, skipped, sample=users)


def evaluate_window(run: TrainingRun, window: Window) -> WindowResult | None:
    """Fit on what came before the window and compare on what came in it; None where there is nothing to compare."""
    holdout = hold_out(run.interactions, run.config, window)
    if holdout is None:
        return None
    tasks = make_cases(holdout, np.random.default_rng(SEED))
    with fitted_before(holdout, run) as model:
        answers = {task: _ask(model, cases, run) for task, cases in tasks.items()}
        return _measure(holdout, tasks, model, answers, np.random.default_rng(SEED))


def recipe_ndcg(run: TrainingRun, window: Window, tasks: Collection[Task]) -> dict[Task, Values]:
    """The configured recipe's NDCG on the same cases of `tasks` as `evaluate_window` asks, (n_cases,) each."""
    found = cases_of(run, window, tasks)
    if found is None:
        return {}
    holdout, cases = found
    with fitted_before(holdout, run) as model:
        return case_ndcg(model, cases, run)


def cases_of(run: TrainingRun, window: Window, tasks: Collection[Task]) -> tuple[HoldOut, dict[Task, Cases]] | None:
    """What stood before the window and the cases of `tasks`; None where there is nothing to compare."""
    holdout = hold_out(run.interactions, run.config, window)
    if holdout is None:
        return None
    cases = make_cases(holdout, np.random.default_rng(SEED))
    return holdout, {task: some for task, some in cases.items() if task in tasks}


def case_ndcg(model: Model, cases: Mapping[Task, Cases], run: TrainingRun) -> dict[Task, Values]:
    """An opened version's NDCG of each case, (n_cases,) a task."""
    answers = {
        task: ask_together(model, some, run.config.evaluation.k)
        if task in JUDGED and not len(model.forest)
        else _ask(model, some, run)
        for task, some in cases.items()
    }
    return {task: ndcg(find_hits(answers[task].items, some.truth), some.relevant) for task, some in cases.items()}


@contextmanager
def fitted_before(holdout: HoldOut, run: TrainingRun) -> Iterator[Model]:
    """The configured recipe, fitted on what came before the window, published to a store of its own and opened."""
    with opened(fit_recipe(holdout.dataset, holdout.history.catalogue, run, holdout.window.start)) as model:
        yield model


def _ask(model: Model, cases: Cases, run: TrainingRun) -> Picks:
    return ask(model, cases, run.config.evaluation.k, run.show_progress)


def _measure(
    holdout: HoldOut,
    tasks: Mapping[Task, Cases],
    model: Model,
    answers: Mapping[Task, Picks],
    rng: np.random.Generator,
) -> WindowResult:
    picks = {task: {RECIPE: picks} for task, picks in answers.items()}
    next_cases, next_picks = tasks[Task.NEXT_PURCHASES], answers[Task.NEXT_PURCHASES]
    for baseline, some in _rivals(holdout, tasks):
        for cases in some:
            picks[cases.task][baseline.name] = rank(baseline, cases, next_picks.items.shape[1])
    sold = count_sold(holdout.earlier, holdout.dataset.n_items)
    buyers = np.bincount(holdout.past.count.indices, minlength=holdout.dataset.n_items)
    items = Items(self_information(buyers, holdout.dataset.n_users), head(sold))
    lifts = audience_lifts(model, bought_later(holdout.past, holdout.later), MAX_AUDIENCE_ITEMS, rng)
    return WindowResult(
        window=holdout.window,
        n_users=holdout.dataset.n_users,
        n_items=holdout.dataset.n_items,
        tasks={task: _compare(holdout, cases, picks[task], items, rng) for task, cases in tasks.items()},
        audience=_mean(lifts, rng),
        n_audience_items=len(lifts),
        index_recall=model.recipe.index_recall,
        tail=diagnostics.long_tail(next_picks, next_cases, sold),
        calibration=diagnostics.calibration(next_picks, next_cases),
        sample_users=_sample_users(holdout, next_cases, model, next_picks.items.shape[1], rng),
    )


def _rivals(holdout: HoldOut, tasks: Mapping[Task, Cases]) -> Iterator[tuple[Baseline, list[Cases]]]:
    """Each baseline with the cases it can answer."""
    n_items = holdout.dataset.n_items
    sold = count_sold(holdout.earlier, n_items)
    sold_recently = count_sold(holdout.earlier.since(holdout.start - RECENT_SALES_DAYS * SECONDS_PER_DAY), n_items)
    about_users = [cases for task, cases in tasks.items() if task in USER_TASKS]
    for baseline in for_users(holdout.past, sold, sold_recently):
        yield baseline, about_users
    about_baskets = [cases for task, cases in tasks.items() if task not in USER_TASKS]
    if about_baskets:
        for baseline in for_baskets(holdout.earlier, n_items):
            yield baseline, about_baskets


def _compare(
    holdout: HoldOut, cases: Cases, picks: Mapping[str, Picks], items: Items, rng: np.random.Generator
) -> TaskResult:
    groups = np.where(cases.user == GUEST, Activity.NEW, activity_of(holdout.past.baskets[cases.user]))
    return compare(cases, picks, items, groups, rng)


def _mean(values: Values, rng: np.random.Generator) -> Estimate | None:
    return estimate(values, resample(len(values), rng)) if len(values) else None


def _sample_users(
    holdout: HoldOut, cases: Cases, model: Model, k: int, rng: np.random.Generator
) -> tuple[SampleUser, ...]:
    chosen = np.sort(rng.choice(len(cases), min(SAMPLE_USERS, len(cases)), replace=False))
    some = cases.some(chosen)
    following = ask(model, some, k, show_progress=False)
    discovered = ask(model, replace(some, task=Task.DISCOVERY), k, show_progress=False)
    return diagnostics.sample_users(holdout.past, some, following, discovered, holdout.titles)

"""An evaluation from beginning to end: fit on what came before a window, ask, compare."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from artifacts.model.decay import SECONDS_PER_DAY
from artifacts.model.model import Model
from training.evaluation import diagnostics as looks
from training.evaluation.answers import Picks, ask, ask_together
from training.evaluation.audience import audience_lifts
from training.evaluation.baselines import LATELY_DAYS, Baseline, count_sold, for_baskets, for_users, rank
from training.evaluation.bootstrap import Estimate, estimate, resample
from training.evaluation.compare import Items, compare
from training.evaluation.holdout import HoldOut, hold_out, make_cases
from training.evaluation.metrics import Values, find_hits, head, ndcg, self_information
from training.evaluation.results import RECIPE, Evaluation, SampleUser, TaskResult, WindowResult
from training.evaluation.tasks import JUDGED, USER_TASKS, Activity, Cases, Task, activity_of, bought_later
from training.fitting.fit_recipe import fit_recipe
from training.fitting.ranker_examples import RankerExamples, opened
from training.interactions.dataset import GUEST
from training.interactions.windows import Window, test_window

# One fixed seed, whatever the model's: every version is asked the same questions on the same data.
SEED = 20_090_618
MAX_AUDIENCE_ITEMS = 1_000
SAMPLE_USERS = 12
# Earlier windows of a full evaluation, beside the last one.
BACKTESTS = 3


def evaluate(ranker_examples: RankerExamples, backtests: int) -> Evaluation:
    """Evaluate the configured recipe and its baselines on the last window of the data and on `backtests` earlier ones.

    Earlier windows that the history does not reach are left out; where it does not even reach the last one, there is
    nothing to evaluate and the answer says so.
    """
    settings = ranker_examples.config.evaluation
    last = test_window(ranker_examples.interactions.frame, settings.test_days)
    windows = [last.earlier(step) for step in range(backtests + 1)]
    test, *rest = [evaluate_window(ranker_examples, window) for window in windows]
    skipped = (
        None if test else f"nobody who had bought before {last.start:%Y-%m-%d} bought again up to {last.end:%Y-%m-%d}"
    )
    earlier = tuple(result for result in rest if result is not None)
    sample = ranker_examples.interactions.sample
    users = (sample.n_users, sample.n_all_users) if sample else None
    return Evaluation(settings.k, test, earlier, skipped, sample=users)


def evaluate_window(ranker_examples: RankerExamples, window: Window) -> WindowResult | None:
    """Fit on what came before the window and compare on what came in it; None where there is nothing to compare."""
    known = hold_out(ranker_examples.interactions, ranker_examples.config, window)
    if known is None:
        return None
    tasks = make_cases(known, np.random.default_rng(SEED))
    with fitted_before(known, ranker_examples) as model:
        answers = {task: _ask(model, cases, ranker_examples) for task, cases in tasks.items()}
        return _measure(known, tasks, model, answers, np.random.default_rng(SEED))


def recipe_ndcg(ranker_examples: RankerExamples, window: Window, tasks: Collection[Task]) -> dict[Task, Values]:
    """The configured recipe's NDCG on the same cases of `tasks` as `evaluate_window` asks, (n_cases,) each."""
    found = cases_of(ranker_examples, window, tasks)
    if found is None:
        return {}
    known, asked = found
    with fitted_before(known, ranker_examples) as model:
        return case_ndcg(model, asked, ranker_examples)


def cases_of(
    ranker_examples: RankerExamples, window: Window, tasks: Collection[Task]
) -> tuple[HoldOut, dict[Task, Cases]] | None:
    """What stood before the window and the cases of `tasks`; None where there is nothing to compare."""
    known = hold_out(ranker_examples.interactions, ranker_examples.config, window)
    if known is None:
        return None
    cases = make_cases(known, np.random.default_rng(SEED))
    return known, {task: some for task, some in cases.items() if task in tasks}


def case_ndcg(model: Model, cases: Mapping[Task, Cases], ranker_examples: RankerExamples) -> dict[Task, Values]:
    """An opened version's NDCG of each case, (n_cases,) a task."""
    answers = {
        task: ask_together(model, some, ranker_examples.config.evaluation.k)
        if task in JUDGED and not len(model.forest)
        else _ask(model, some, ranker_examples)
        for task, some in cases.items()
    }
    return {task: ndcg(find_hits(answers[task].items, some.truth), some.relevant) for task, some in cases.items()}


@contextmanager
def fitted_before(known: HoldOut, ranker_examples: RankerExamples) -> Iterator[Model]:
    """The configured recipe, fitted on what came before the window, published to a store of its own and opened."""
    with opened(fit_recipe(known.dataset, known.history.catalogue, ranker_examples, known.window.start)) as model:
        yield model


def _ask(model: Model, cases: Cases, ranker_examples: RankerExamples) -> Picks:
    return ask(model, cases, ranker_examples.config.evaluation.k, ranker_examples.show_progress)


def _measure(
    known: HoldOut,
    tasks: Mapping[Task, Cases],
    model: Model,
    answers: Mapping[Task, Picks],
    rng: np.random.Generator,
) -> WindowResult:
    picks = {task: {RECIPE: picks} for task, picks in answers.items()}
    asked, answered = tasks[Task.NEXT_PURCHASES], answers[Task.NEXT_PURCHASES]
    for baseline, some in _rivals(known, tasks):
        for cases in some:
            picks[cases.task][baseline.name] = rank(baseline, cases, answered.items.shape[1])
    sold = count_sold(known.earlier, known.dataset.n_items)
    buyers = np.bincount(known.past.count.indices, minlength=known.dataset.n_items)
    items = Items(self_information(buyers, known.dataset.n_users), head(sold))
    lifts = audience_lifts(model, bought_later(known.past, known.later), MAX_AUDIENCE_ITEMS, rng)
    return WindowResult(
        window=known.window,
        n_users=known.dataset.n_users,
        n_items=known.dataset.n_items,
        tasks={task: _compare(known, cases, picks[task], items, rng) for task, cases in tasks.items()},
        audience=_mean(lifts, rng),
        n_audience_items=len(lifts),
        index_recall=model.recipe.index_recall,
        tail=looks.long_tail(answered, asked, sold),
        calibration=looks.calibration(answered, asked),
        sample_users=_sample_users(known, asked, model, answered.items.shape[1], rng),
    )


def _rivals(known: HoldOut, tasks: Mapping[Task, Cases]) -> Iterator[tuple[Baseline, list[Cases]]]:
    """Each baseline with the cases it can answer."""
    n_items = known.dataset.n_items
    sold = count_sold(known.earlier, n_items)
    activity = count_sold(known.earlier.since(known.start - LATELY_DAYS * SECONDS_PER_DAY), n_items)
    about_users = [cases for task, cases in tasks.items() if task in USER_TASKS]
    for baseline in for_users(known.past, sold, activity):
        yield baseline, about_users
    about_baskets = [cases for task, cases in tasks.items() if task not in USER_TASKS]
    if about_baskets:
        for baseline in for_baskets(known.earlier, n_items):
            yield baseline, about_baskets


def _compare(
    known: HoldOut, cases: Cases, picks: Mapping[str, Picks], items: Items, rng: np.random.Generator
) -> TaskResult:
    groups = np.where(cases.user == GUEST, Activity.NEW, activity_of(known.past.baskets[cases.user]))
    return compare(cases, picks, items, groups, rng)


def _mean(values: Values, rng: np.random.Generator) -> Estimate | None:
    return estimate(values, resample(len(values), rng)) if len(values) else None


def _sample_users(
    known: HoldOut, cases: Cases, model: Model, k: int, rng: np.random.Generator
) -> tuple[SampleUser, ...]:
    chosen = np.sort(rng.choice(len(cases), min(SAMPLE_USERS, len(cases)), replace=False))
    some = cases.some(chosen)
    following = ask(model, some, k, show_progress=False)
    discovered = ask(model, replace(some, task=Task.DISCOVERY), k, show_progress=False)
    return looks.sample_users(known.past, some, following, discovered, known.titles)

"""The report's page: what an evaluation found, as tables, charts and sample users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from training.evaluation.bootstrap import Estimate
from training.evaluation.results import RECIPE, Evaluation, TaskResult, WindowResult
from training.evaluation.tasks import LIGHT_UP_TO, Activity, Task
from training.interactions.interactions import Interactions
from training.report import charts
from training.report.colours import BOUGHT
from training.report.past import SHOWN_TASKS, PastVersion
from training.selection.gate import Judgement

TASK_TITLES: Mapping[Task, tuple[str, str]] = {
    Task.NEXT_PURCHASES: ("Next purchases", "What known customers bought in the window; repeats count."),
    Task.DISCOVERY: ("Discovery", "What known customers bought for the first time."),
    Task.NEW_CUSTOMERS: ("New customers", "The items of a customer's second basket, given the first."),
    Task.BASKET_COMPLETION: ("Basket completion", "One random item of each basket is hidden; guests' baskets count."),
    Task.ITEM_PAGE: ("Item page", "From one random item of a basket to another one of it."),
}
ACTIVITY_TITLES: Mapping[Activity, str] = {
    Activity.NEW: "one basket before",
    Activity.LIGHT: f"2 to {LIGHT_UP_TO} baskets",
    Activity.HEAVY: f"more than {LIGHT_UP_TO} baskets",
}
# Models whose lines stand beside the recipe's in the chart by activity: the rest would hide it.
COMPARED_BY_ACTIVITY = 3


@dataclass(frozen=True)
class Run:
    """What a report says of the run itself: `created` and the data's ends as text, the cleaning table as read, how the
    sources were read, as lines, and a row of each reason of the cleaning table."""

    created: str
    source: str
    cleaning: Sequence[tuple[str, int]]
    found: Sequence[str] = ()
    examples: Mapping[str, str] = field(default_factory=dict)


def describe_run(interactions: Interactions) -> Run:
    """A run on these interactions, now."""
    created = datetime.now(UTC).isoformat(sep=" ", timespec="minutes").removesuffix("+00:00")
    return Run(f"{created} UTC", interactions.source, interactions.cleaning, interactions.found, interactions.examples)


def render(evaluation: Evaluation, run: Run, judgement: Judgement | None, versions: Sequence[PastVersion]) -> str:
    """The whole page as HTML; every text of the shop is escaped. `versions` are oldest first, this one included."""
    environment = Environment(
        loader=PackageLoader("training.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["estimate"] = _estimate
    return environment.get_template("page.html.jinja").render(
        evaluation=evaluation,
        run=run,
        judgement=judgement,
        recipe=RECIPE,
        tasks=TASK_TITLES,
        activities=ACTIVITY_TITLES,
        ndcg=f"NDCG@{evaluation.k}",
        charts=_charts(evaluation),
        past=_past(versions, evaluation.k),
        windows=[_day(one) for one in (evaluation.test, *evaluation.backtests) if one],
        best=_best,
    )


def write_report(
    path: Path, evaluation: Evaluation, run: Run, judgement: Judgement | None, versions: Sequence[PastVersion]
) -> None:
    """Write the page to `path`, UTF-8."""
    path.write_text(render(evaluation, run, judgement, versions), encoding="utf-8", errors="replace")


def _estimate(one: Estimate) -> Markup:
    digits = 3 if abs(one.value) < 1 else 2
    value, low, high = (f"{end:.{digits}f}" for end in (one.value, one.low, one.high))
    return Markup("{} <small>{}&nbsp;to {}</small>").format(value, low, high)


def _day(result: WindowResult) -> Markup:
    """On which a window starts; not to be broken where room is short."""
    return Markup("<time>{}</time>").format(result.window.start.date())


def _best(result: TaskResult, metric: str) -> str:
    """The model with the highest value, of which a table makes a point."""
    return max(result.rows, key=lambda model: result.rows[model][metric].value)


def _charts(evaluation: Evaluation) -> dict[str, Markup]:
    if evaluation.test is None:
        return {}
    test, ndcg = evaluation.test, f"NDCG@{evaluation.k}"
    found = {"tail": _tail(test)}
    for task, result in test.tasks.items():
        name = TASK_TITLES[task][0].lower()
        found[task] = charts.bars(
            f"{ndcg} of every model, {name}", {model: row[ndcg] for model, row in result.rows.items()}
        )
        if result.activity[RECIPE]:
            by_activity = _by_activity(result, evaluation.k)
            found[f"{task}_activity"] = charts.groups(f"{ndcg} by activity, {name}", by_activity)
    if test.calibration:
        points = list(zip(test.calibration.score.tolist(), test.calibration.bought.tolist(), strict=True))
        labels = "mean score of the picks", "share that was bought"
        found["calibration"] = charts.lines("Picks bought, by their score", {RECIPE: points}, *labels)
    return found


def _by_activity(result: TaskResult, k: int) -> dict[str, dict[str, Estimate]]:
    """The recipe and its strongest rivals, by group of users."""
    ranked = sorted(result.rows, key=lambda model: -result.rows[model][f"NDCG@{k}"].value)
    rivals = [model for model in ranked if model != RECIPE][:COMPARED_BY_ACTIVITY]
    return {
        model: {
            f"{ACTIVITY_TITLES[group]} ({result.group_sizes[group]:,})": one
            for group, one in result.activity[model].items()
        }
        for model in (RECIPE, *rivals)
    }


def _tail(test: WindowResult) -> Markup:
    tail = test.tail
    series = {
        RECIPE: list(zip(tail.items.tolist(), tail.picks.tolist(), strict=True)),
        BOUGHT: list(zip(tail.items.tolist(), tail.purchases.tolist(), strict=True)),
    }
    labels = "share of the catalogue, best sellers first", "share of picks and purchases"
    return charts.lines("How far down the catalogue picks and purchases reach", series, *labels)


def _past(versions: Sequence[PastVersion], k: int) -> dict[str, Markup]:
    """A chart by its title for all that versions are compared by, one colour being enough for each."""
    found: dict[str, Sequence[Estimate | None]] = {
        f"{TASK_TITLES[task][0]}, NDCG@{k}": [version.ndcg.get(task) for version in versions] for task in SHOWN_TASKS
    }
    found["Index, recall@10"] = [
        None if one.index_recall is None else Estimate(one.index_recall, one.index_recall, one.index_recall)
        for one in versions
    ]
    labels = [version.label for version in versions]
    return {title: charts.history(title, labels, row) for title, row in found.items() if any(row)}

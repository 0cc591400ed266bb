"""An evaluation as text, for the terminal."""

from collections.abc import Iterator

from training.evaluation.bootstrap import Estimate
from training.evaluation.results import RECIPE, Evaluation, TaskResult, WindowResult


def as_text(evaluation: Evaluation) -> str:
    """Every model on every task, then the earlier windows."""
    if evaluation.test is None:
        return f"nothing could be measured: {evaluation.skipped}"
    windows = (evaluation.test, *evaluation.backtests)
    spread = [_spread(evaluation)] if evaluation.spread else []
    sample = ["on a sample of {:,} of {:,} users".format(*evaluation.sample)] if evaluation.sample else []
    return "\n\n".join([*sample, *(table for window in windows for table in _tables(window)), *spread])


def _spread(evaluation: Evaluation) -> str:
    n_seeds = len(next(iter(evaluation.spread.values())))
    lines = [f"NDCG@{evaluation.k} of {RECIPE} on the last window, fitted with {n_seeds} seeds"]
    lines.append("  " + f"{'task':38}" + "".join(f"{name:>10}" for name in ("mean", "std", "min", "max")))
    for task, values in evaluation.spread.items():
        numbers = (values.mean(), values.std(ddof=1), values.min(), values.max())
        lines.append("  " + f"{task:38}" + "".join(f"{number:10.4f}" for number in numbers))
    return "\n".join(lines)


def _tables(result: WindowResult) -> Iterator[str]:
    yield f"window {result.window.start:%Y-%m-%d} to {result.window.end:%Y-%m-%d}"
    for task, found in result.tasks.items():
        yield f"{task}, {found.n_cases:,} cases\n{_table(found)}"
    if result.audience:
        yield f"audience lift {_interval(result.audience, 2)} over {result.n_audience_items:,} items"


def _table(found: TaskResult) -> str:
    metrics = list(next(iter(found.rows.values())))
    lines = ["  " + f"{'model':38}" + "".join(f"{metric:>22}" for metric in metrics)]
    for model, row in found.rows.items():
        lines.append("  " + f"{model:38}" + "".join(f"{_interval(row[metric], 3):>22}" for metric in metrics))
    return "\n".join(lines)


def _interval(one: Estimate, digits: int) -> str:
    return f"{one.value:.{digits}f} ({one.low:.{digits}f}-{one.high:.{digits}f})"

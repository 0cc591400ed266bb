"""What a training run did, as text for whoever started it: all of it is in the manifest."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from artifacts.publishing.manifest import Manifest
from training.evaluation.results import RECIPE
from training.selection.gate import PUBLISHED

ALWAYS_SHOWN = {"read", "kept"}
# A part of a version that takes less of its bytes is summed up with the others.
SMALL = 0.01


def summarise(manifest: Manifest) -> str:
    """The rows read, dropped and kept, how good the picks are, what was made, and how long each step took."""
    blocks = (_cleaning(manifest), _evaluation(manifest.metrics), _version(manifest), _times(manifest.seconds))
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))


def _cleaning(manifest: Manifest) -> Iterator[str]:
    if found := manifest.data.get("found"):
        yield "found:"
        yield from (f"  {line}" for line in found)
        yield ""
    yield f"cleaning: {manifest.data['source']}"
    examples = manifest.data.get("examples", {})
    shown = [(what, f"{rows:,}") for what, rows in manifest.cleaning if rows or what in ALWAYS_SHOWN]
    for (what, _), line in zip(shown, _aligned(shown), strict=True):
        yield f"{line}  {examples[what]}" if what in examples else line


def _evaluation(metrics: Mapping[str, Any]) -> Iterator[str]:
    evaluation = metrics["evaluation"]
    if "tasks" not in evaluation:
        yield "evaluation: none"  # the gate notes why
    else:
        yield f"evaluation: on {evaluation['from'][:10]} up to {evaluation['to'][:10]}{_sample(evaluation)}"
        yield from _aligned(_compared(evaluation["tasks"]), text={0, 5})
    if recipe := metrics.get("recipe"):
        yield f"recipe: {recipe['chosen']}"
    yield from _gate(metrics["gate"])


def _sample(evaluation: Mapping[str, Any]) -> str:
    if "sample_users" not in evaluation:
        return ""
    return f", on a sample of {evaluation['sample_users']:,} of {evaluation['all_users']:,} users"


def _compared(tasks: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row a task: the recipe's NDCG and its 95% interval, its best baseline's, and which one that is."""
    metric = next(name for task in tasks.values() for name in task["models"][RECIPE] if name.startswith("NDCG@"))
    rows: list[tuple[str, ...]] = [("", "cases", metric, "95%", "baseline", "")]
    for task, found in tasks.items():
        ndcg = {model: row[metric] for model, row in found["models"].items()}
        value, low, high = ndcg.pop(RECIPE)
        best = max(ndcg, key=lambda model: ndcg[model][0])
        interval = f"{low:.3f}-{high:.3f}"
        rows.append((task, f"{found['cases']:,}", f"{value:.3f}", interval, f"{ndcg[best][0]:.3f}", best))
    return rows


def _gate(gate: Mapping[str, Any]) -> Iterator[str]:
    verdicts = Counter(check["verdict"] for check in gate["checks"])
    counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()) or "nothing to compare"
    yield f"gate: {'passed' if gate['passed'] else 'refused'}: {counted}"
    for check in gate["checks"]:
        if check["rival"] == PUBLISHED:
            yield f"  {check['task']}: {check['rival_ndcg']:.3f} published, {check['ndcg']:.3f} now: {check['verdict']}"
    yield from (f"  {note}" for note in gate["notes"])
    if gate["forced"] is not None:
        yield f"  published all the same: {gate['forced']}"


def _version(manifest: Manifest) -> Iterator[str]:
    data = manifest.data
    yield f"model: {data['n_users']:,} users, {data['n_items']:,} items, {data['from'][:10]} to {data['to'][:10]}"
    parts: Counter[str] = Counter()
    for name, entry in manifest.files.items():
        parts[name.partition(".")[0]] += entry.size
    total = parts.total()
    large = [(part, size) for part, size in parts.most_common() if size >= SMALL * total]
    rows = [*large, ("other", total - sum(size for _, size in large)), (f"{len(manifest.files)} files", total)]
    yield from _aligned([("", "bytes"), *((part, f"{size:,}") for part, size in rows if size)])


def _times(seconds: Mapping[str, float]) -> Iterator[str]:
    """The longest first: the manifest, whose keys are sorted, does not know in which order they ran."""
    yield "times:"
    steps = sorted(seconds.items(), key=lambda step: -step[1])
    rows = [*steps, ("all steps", sum(seconds.values()))]
    yield from _aligned([("", "seconds"), *((step, f"{taken:,.1f}") for step, taken in rows)])


def _aligned(rows: Sequence[Sequence[str]], text: Container[int] = (0,)) -> Iterator[str]:
    """Columns of text, which are named, to the left, those of numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            f"{cell:<{width}}" if place in text else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield ("  " + "  ".join(cells)).rstrip()

"""The charts of the report, each as wide as there is room."""

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from training.evaluation.bootstrap import Estimate
from training.report.colours import HISTORY, colour_of
from training.report.drawing import (
    INK,
    LINE_HEIGHT,
    PAPER,
    RULE,
    Scale,
    bar,
    dot,
    figure,
    legend,
    line,
    path,
    stacked,
    text,
)

TOP, FLOOR = 26, 236
AXIS = 22
# The room for values left of the plot: the page's style leaves as much.
GUTTER = 44
BAR_ROW, BAR_HEIGHT = 36, 13
# Three groups' names stand beside each other, and three versions' days, where the page is 360 px wide.
GROUP_LETTERS = 12
SHOWN_DAYS = 3

Points = Sequence[tuple[float, float]]


def bars(title: str, estimates: Mapping[str, Estimate]) -> Markup:
    """A horizontal bar with its interval for each name, which stands above it."""
    floor = BAR_ROW * len(estimates) + 6
    scale = Scale(0.0, max([0.01, *(one.high for one in estimates.values())]), 0, 100)
    parts = [_columns(scale, floor)]
    parts += [_bar(scale, place * BAR_ROW, name, one) for place, (name, one) in enumerate(estimates.items())]
    return figure("bars", title, floor + AXIS, parts)


def groups(title: str, series: Mapping[str, Mapping[str, Estimate]]) -> Markup:
    """Points with intervals: for each group, one for each series."""
    names = list(dict.fromkeys(group for points in series.values() for group in points))
    rows = {name: textwrap.wrap(name, GROUP_LETTERS) for name in names}
    y = _upwards(one for points in series.values() for one in points.values())
    parts = [_rules(y)]
    for place, group in enumerate(names):
        parts.append(stacked(_share(place + 0.5, len(names)), FLOOR + AXIS - 4, rows[group]))
        for index, (name, points) in enumerate(series.items()):
            x = _share(place + (index + 1) / (len(series) + 1), len(names))
            parts.append(_point(x, y, points[group], colour_of(name)) if group in points else Markup())
    height = FLOOR + AXIS + LINE_HEIGHT * max(map(len, rows.values()), default=0)
    return figure("plot", title, height, parts, legend(list(series), "In each group, from left to right:"))


def lines(title: str, series: Mapping[str, Points], x_label: str, y_label: str) -> Markup:
    """A line through the points of each series; both axes start at 0 unless there is something below."""
    points = [point for some in series.values() for point in some]
    x = _axis([point[0] for point in points], 0, 100)
    y = _axis([point[1] for point in points], FLOOR, TOP)
    parts = [_rules(y), *(text(x(tick), FLOOR + AXIS - 4, f"{tick:g}", "middle") for tick in x.ticks())]
    parts += [path([(x(one), y(other)) for one, other in some], FLOOR, name) for name, some in series.items()]
    parts.append(text(50, FLOOR + AXIS + LINE_HEIGHT, x_label, "middle"))
    parts.append(text(0, TOP - 12, y_label, "start", -GUTTER))
    return figure("plot", title, FLOOR + AXIS + LINE_HEIGHT + 6, parts, legend(list(series)))


def history(title: str, labels: Sequence[str], estimates: Sequence[Estimate | None]) -> Markup:
    """Estimates over versions, oldest first, each with its interval."""
    there = [(_share(place + 0.5, len(labels)), one) for place, one in enumerate(estimates) if one is not None]
    y = _upwards(one for _, one in there)
    parts = [_rules(y), _days(labels), path([(x, y(one.value)) for x, one in there], FLOOR, HISTORY)]
    parts += [_point(x, y, one, colour_of(HISTORY)) for x, one in there]
    return figure("plot", title, FLOOR + AXIS, parts)


def _days(labels: Sequence[str]) -> Markup:
    """The days below a history: of many versions the last and some before it."""
    every = math.ceil(len(labels) / SHOWN_DAYS) or 1
    shown = range(len(labels) - 1, -1, -every)
    return Markup().join(
        text(_share(place + 0.5, len(labels)), FLOOR + AXIS - 4, labels[place], "middle") for place in reversed(shown)
    )


def _bar(scale: Scale, top: float, name: str, one: Estimate) -> Markup:
    middle = top + LINE_HEIGHT + BAR_HEIGHT / 2 + 3
    ends = (scale(one.low), middle), (scale(one.high), middle)
    parts = (
        text(0, top + LINE_HEIGHT - 1, name, "start"),
        bar(middle - BAR_HEIGHT / 2, max(scale(one.value), 0), BAR_HEIGHT, colour_of(name)),
        line(*ends, PAPER, 4),  # so that the interval is seen on a dark bar
        line(*ends, INK, 1.5),
        text(scale(one.high), middle + 4, f"{one.value:.3f}", "start", 6),
    )
    return Markup().join(parts)


def _point(x: float, y: Scale, one: Estimate, colour: str) -> Markup:
    return line((x, y(one.low)), (x, y(one.high)), colour, 1.5) + dot(x, y(one.value), colour)


def _share(place: float, places: int) -> float:
    return round(100 * place / places, 2)


def _upwards(estimates: Iterable[Estimate]) -> Scale:
    """From 0 at the floor to the highest end of an interval at the top."""
    return Scale(0.0, max((one.high for one in estimates), default=1.0), FLOOR, TOP)


def _axis(values: Sequence[float], start: float, end: float) -> Scale:
    return Scale(min([0.0, *values]), max([0.0, *values]) or 1.0, start, end)


def _columns(scale: Scale, floor: float) -> Markup:
    """Vertical rules with their values below."""
    rules = (
        line((scale(tick), 4), (scale(tick), floor), RULE, 1)
        + text(scale(tick), floor + AXIS - 6, f"{tick:g}", "middle")
        for tick in scale.ticks()
    )
    return Markup().join(rules)


def _rules(y: Scale) -> Markup:
    """Horizontal rules with their values beside."""
    rules = (
        line((0, y(tick)), (100, y(tick)), RULE, 1) + text(0, y(tick) + 4, f"{tick:g}", "end", -6) for tick in y.ticks()
    )
    return Markup().join(rules)

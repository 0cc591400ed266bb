"""Charts as inline SVG: nothing to load, and every text in them escaped."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from training.evaluation.bootstrap import Estimate

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 26, 44
BAR_LABEL, BAR_STEP = 250, 26
COLOURS = ("#0b5d66", "#c4661f", "#7a5195", "#5b8c2a", "#8a8a8a")
TICKS = 5


@dataclass(frozen=True)
class Scale:
    """Data from `low` to `high` on pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Round values within the scale."""
        rough = (self.high - self.low or 1.0) / TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [round(place * step, 10) for place in range(first, math.floor(self.high / step + 1e-9) + 1)]


def bars(estimates: Mapping[str, Estimate], best: str) -> Markup:
    """A horizontal bar with its interval for each name; the one called `best` stands out."""
    height = BAR_STEP * len(estimates) + 34
    scale = Scale(0.0, max([0.01, *(one.high for one in estimates.values())]), BAR_LABEL, WIDTH - 70)
    parts = [_grid(scale, 4, height - 30)]
    for place, (name, one) in enumerate(estimates.items()):
        middle = place * BAR_STEP + 18
        parts.append(_bar(scale, middle, name, one, COLOURS[0] if name == best else COLOURS[4]))
    return _svg(height, parts)


def _bar(scale: Scale, middle: float, name: str, one: Estimate, colour: str) -> Markup:
    box = Markup('<rect x="{}" y="{}" width="{}" height="14" fill="{}"/>').format(
        BAR_LABEL, middle - 7, max(scale(one.value) - BAR_LABEL, 0), colour
    )
    whisker = _line([(scale(one.low), middle), (scale(one.high), middle)], "#222", 1.5)
    label = _text(BAR_LABEL - 8, middle + 4, name, "end")
    return box + whisker + label + _text(scale(one.high) + 6, middle + 4, f"{one.value:.3f}", "start")


def groups(series: Mapping[str, Mapping[str, Estimate]]) -> Markup:
    """Points with intervals: for each group, one for each series."""
    names = list(dict.fromkeys(group for points in series.values() for group in points))
    high = max((one.high for points in series.values() for one in points.values()), default=1.0)
    y = Scale(0.0, high, HEIGHT - BOTTOM, TOP)
    width = (WIDTH - LEFT - RIGHT) / max(len(names), 1)
    parts = [_rules(y)]
    for place, group in enumerate(names):
        parts.append(_text(LEFT + width * (place + 0.5), HEIGHT - BOTTOM + 18, group, "middle"))
        for index, points in enumerate(series.values()):
            x = LEFT + width * (place + (index + 1) / (len(series) + 1))
            parts.append(_point(x, y, points[group], COLOURS[index % len(COLOURS)]) if group in points else Markup())
    return _svg(HEIGHT, parts) + legend(list(series))


def lines(series: Mapping[str, Sequence[tuple[float, float]]], x_label: str, y_label: str) -> Markup:
    """A line through the points of each series; both axes start at 0 unless there is something below."""
    points = [point for some in series.values() for point in some]
    x = _axis([point[0] for point in points], LEFT, WIDTH - RIGHT)
    y = _axis([point[1] for point in points], HEIGHT - BOTTOM, TOP)
    parts = [_rules(y)]
    parts += [_text(x(tick), HEIGHT - BOTTOM + 16, f"{tick:g}", "middle") for tick in x.ticks()]
    for index, some in enumerate(series.values()):
        colour = COLOURS[index % len(COLOURS)]
        parts.append(_line([(x(one), y(other)) for one, other in some], colour, 2))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_label, "middle"))
    parts.append(_text(LEFT, TOP - 12, y_label, "start"))
    return _svg(HEIGHT, parts) + legend(list(series))


def history(labels: Sequence[str], series: Mapping[str, Sequence[Estimate | None]]) -> Markup:
    """Estimates over versions, oldest first, each with its interval."""
    high = max((one.high for some in series.values() for one in some if one), default=1.0)
    y = Scale(0.0, high, HEIGHT - BOTTOM, TOP)
    x = Scale(-0.5, len(labels) - 0.5, LEFT, WIDTH - RIGHT)
    parts = [_rules(y)]
    parts += [_text(x(place), HEIGHT - BOTTOM + 18, label, "middle") for place, label in enumerate(labels)]
    for index, some in enumerate(series.values()):
        colour = COLOURS[index % len(COLOURS)]
        there = [(place, one) for place, one in enumerate(some) if one is not None]
        parts.append(_line([(x(place), y(one.value)) for place, one in there], colour, 1.5))
        parts += [_point(x(place), y, one, colour) for place, one in there]
    return _svg(HEIGHT, parts) + legend(list(series))


def legend(names: Sequence[str]) -> Markup:
    """What each colour stands for."""
    keys = (
        Markup('<span><i style="background:{}"></i>{}</span>').format(COLOURS[place % len(COLOURS)], name)
        for place, name in enumerate(names)
    )
    return Markup('<p class="legend">{}</p>').format(Markup(" ").join(keys))


def _axis(values: Sequence[float], start: float, end: float) -> Scale:
    return Scale(min([0.0, *values]), max([0.0, *values]) or 1.0, start, end)


def _grid(scale: Scale, top: float, bottom: float) -> Markup:
    """Vertical rules of a chart of bars."""
    rules = (
        _line([(scale(tick), top), (scale(tick), bottom)], "#ddd", 1)
        + _text(scale(tick), bottom + 16, f"{tick:g}", "middle")
        for tick in scale.ticks()
    )
    return Markup().join(rules)


def _rules(y: Scale) -> Markup:
    """Horizontal rules with their values."""
    rules = (
        _line([(LEFT, y(tick)), (WIDTH - RIGHT, y(tick))], "#ddd", 1) + _text(LEFT - 6, y(tick) + 4, f"{tick:g}", "end")
        for tick in y.ticks()
    )
    return Markup().join(rules)


def _point(x: float, y: Scale, one: Estimate, colour: str) -> Markup:
    dot = Markup('<circle cx="{:.1f}" cy="{}" r="4" fill="{}"/>').format(x, y(one.value), colour)
    return _line([(x, y(one.low)), (x, y(one.high))], colour, 1.5) + dot


def _line(points: Sequence[tuple[float, float]], colour: str, width: float) -> Markup:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="{}"/>').format(path, colour, width)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, text)


def _svg(height: float, parts: Sequence[Markup]) -> Markup:
    opened = Markup('<svg xmlns="http://www.w3.org/2000/svg" role="img" font-size="12" viewBox="0 0 {} {}">')
    return opened.format(WIDTH, height) + Markup().join(parts) + Markup("</svg>")

"""What charts are drawn with: inline SVG, nothing to load, every text escaped.

Across, places are percentages of the plot; down, CSS pixels. So a chart is as wide as there is room, and its texts keep
their size, which a `viewBox` would scale with it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from training.report.colours import colour_of, dashes_of

TEXT_SIZE = 12
LINE_HEIGHT = 15
INK, RULE, PAPER = "#222", "#ddd", "#fff"
TICKS = 5


@dataclass(frozen=True)
class Scale:
    """Data from `low` to `high` on places from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + share * (self.end - self.start), 2)

    def ticks(self) -> list[float]:
        """Round values within the scale."""
        rough = (self.high - self.low or 1.0) / TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [round(place * step, 10) for place in range(first, math.floor(self.high / step + 1e-9) + 1)]


def figure(kind: str, title: str, height: float, parts: Sequence[Markup], key: str = "") -> Markup:
    """A chart called `title` for who cannot see it; `kind` is its class, by which the page leaves room beside it."""
    opened = Markup(
        '<figure class="chart {}"><svg xmlns="http://www.w3.org/2000/svg" role="img" width="100%" height="{}"'
        ' font-size="{}" overflow="visible"><title>{}</title>'
    ).format(kind, height, TEXT_SIZE, title)
    return opened + Markup().join(parts) + Markup("</svg>{}</figure>").format(key)


def legend(names: Sequence[str], reading: str = "") -> Markup:
    """What each colour stands for; `reading` is put before it."""
    keys = (
        Markup(
            '<li><svg width="18" height="8" aria-hidden="true"><line x1="0" y1="4" x2="18" y2="4" stroke="{}"'
            ' stroke-width="8" stroke-dasharray="{}"/></svg> {}</li>'
        ).format(colour_of(name), dashes_of(name), name)
        for name in names
    )
    return Markup("<figcaption>{}<ul>{}</ul></figcaption>").format(reading, Markup().join(keys))


def text(x: float, y: float, words: str, anchor: str, aside: float = 0) -> Markup:
    """Words at a place, `aside` pixels from it."""
    return Markup('<text x="{}%" y="{}" dx="{}" text-anchor="{}">{}</text>').format(x, y, aside, anchor, words)


def stacked(x: float, y: float, rows: Sequence[str]) -> Markup:
    """Rows of words below each other, centred."""
    return Markup().join(text(x, y + place * LINE_HEIGHT, row, "middle") for place, row in enumerate(rows))


def line(start: tuple[float, float], end: tuple[float, float], colour: str, width: float) -> Markup:
    """A straight line."""
    return Markup('<line x1="{}%" y1="{}" x2="{}%" y2="{}" stroke="{}" stroke-width="{}"/>').format(
        *start, *end, colour, width
    )


def path(points: Sequence[tuple[float, float]], height: float, meaning: str) -> Markup:
    """A line through points of a plot that is `height` high: as points know no percentages, stretched to its width."""
    places = " ".join(f"{x:g},{y:g}" for x, y in points)
    return Markup(
        '<svg width="100%" height="{0}" viewBox="0 0 100 {0}" preserveAspectRatio="none" overflow="visible">'
        '<polyline points="{1}" fill="none" stroke="{2}" stroke-width="2" stroke-dasharray="{3}"'
        ' vector-effect="non-scaling-stroke"/></svg>'
    ).format(height, places, colour_of(meaning), dashes_of(meaning))


def bar(y: float, width: float, height: float, colour: str) -> Markup:
    """A bar from the left edge."""
    return Markup('<rect x="0" y="{}" width="{}%" height="{}" fill="{}"/>').format(y, width, height, colour)


def dot(x: float, y: float, colour: str) -> Markup:
    return Markup('<circle cx="{}%" cy="{}" r="4" fill="{}"/>').format(x, y, colour)

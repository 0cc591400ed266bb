"""Charts can be read at any width, and a colour means the same in each."""

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, pairwise
from math import dist

import numpy as np
import pytest

from tests.support.report_page import Page, channels, contrast, words
from training.evaluation.bootstrap import Estimate
from training.evaluation.results import RECIPE, Evaluation
from training.report import charts
from training.report.colours import BOUGHT, COLOURS, DASHES, HISTORY, UNNAMED, colour_of
from training.report.drawing import INK, PAPER, RULE, Scale

PHONE, DESK = 360, 1_280
PAGE_PADDING = 16
# What the page's style leaves left and right of a chart of each kind.
BESIDE = {"plot": (44, 16), "bars": (0, 52)}
# Of the widest fonts that browsers take for `system-ui`.
LETTER = 7.0
LINE = 12.0


def plot(chart: ET.Element) -> ET.Element:
    return next(child for child in chart if child.tag == "svg")


def text_sizes(svg: ET.Element, width: float, scale: float = 1.0, size: float = 16.0) -> Iterator[float]:
    """How large each text is drawn, in CSS pixels, where the chart has this width."""
    if "viewbox" in svg.attrib:
        scale *= width / float(svg.attrib["viewbox"].split()[2])
    size = float(svg.get("font-size", size))
    for child in svg:
        if child.tag == "text":
            yield scale * float(child.get("font-size", size))
        else:
            yield from text_sizes(child, width, scale, size)


def boxes(chart: ET.Element, width: float) -> list[tuple[str, float, float, float]]:
    """Each text with its left and right end and its line, on a page of this width."""
    left, right = next(BESIDE[kind] for kind in chart.attrib["class"].split() if kind in BESIDE)
    across = width - 2 * PAGE_PADDING - left - right
    return [(words(one), *_ends(one, PAGE_PADDING + left, across)) for one in plot(chart).iter("text")]


def _ends(one: ET.Element, start: float, across: float) -> tuple[float, float, float]:
    at = start + float(one.attrib["x"].removesuffix("%")) / 100 * across + float(one.attrib["dx"])
    length = LETTER * len(words(one))
    first = at - length * {"start": 0.0, "middle": 0.5, "end": 1.0}[one.attrib["text-anchor"]]
    return first, first + length, float(one.attrib["y"])


def colours(chart: ET.Element) -> set[str]:
    """All colours that something is drawn in, but for those of the chart itself."""
    drawn = {one.get(name) for one in plot(chart).iter() for name in ("fill", "stroke")}
    return {colour for colour in drawn if colour} - {INK, PAPER, RULE, "none"}


def meanings(chart: ET.Element) -> dict[str, str]:
    """The colour of each name in a chart: by its legend, or by the bar below it."""
    keys = {words(item): item.find("svg/line").attrib["stroke"] for item in chart.iter("li")}  # type: ignore[union-attr]
    below = {words(one): two.attrib["fill"] for one, two in pairwise(plot(chart)) if two.tag == "rect"}
    return keys | below


@pytest.mark.parametrize("width", [PHONE, 400, DESK])
def test_every_text_of_a_chart_is_large_enough_to_read(full: Page, width: int) -> None:
    for chart in full.charts():
        sizes = list(text_sizes(plot(chart), width - 2 * PAGE_PADDING))
        assert len(sizes) > 3
        assert min(sizes) >= 11
        assert max(sizes) <= 16


@pytest.mark.parametrize("width", [PHONE, 400])
def test_no_text_of_a_chart_leaves_the_page_or_lies_on_another(full: Page, width: int) -> None:
    for chart in full.charts():
        found = boxes(chart, width)
        assert [one for one in found if one[1] < 0 or one[2] > width] == []
        over = [
            (one, two)
            for one, two in combinations(found, 2)
            if abs(one[3] - two[3]) < LINE and one[1] < two[2] and two[1] < one[2]
        ]
        assert over == []


def test_a_chart_says_what_it_is_to_who_cannot_see_it(full: Page) -> None:
    drawings = [plot(chart) for chart in full.charts()]
    assert {one.get("role") for one in drawings} == {"img"}
    titles = [one.findtext("title") for one in drawings]
    assert all(titles)
    assert len(set(titles)) == len(titles)
    keys = [one for chart in full.charts() for item in chart.iter("li") for one in item.iter("svg")]
    assert {one.get("aria-hidden") for one in keys} == {"true"}


def test_it_has_the_charts_asked_for(full: Page) -> None:
    # bars by task, two by activity, three of versions, recall, long tail, calibration
    assert len(full.charts()) == 5 + 2 + 3 + 3


def test_one_colour_for_each_meaning_in_all_charts(full: Page) -> None:
    by_name, by_colour = defaultdict(set), defaultdict(set)
    for chart in full.charts():
        for name, colour in meanings(chart).items():
            by_name[name].add(colour)
            by_colour[colour].add(name)
    assert {RECIPE, BOUGHT, "EASE"} <= set(by_name)
    assert [name for name, found in by_name.items() if len(found) > 1] == []
    assert [names for names in by_colour.values() if len(names) > 1] == []


def test_nothing_is_drawn_in_a_colour_that_the_chart_does_not_name(full: Page) -> None:
    for chart in full.charts():
        named = set(meanings(chart).values())
        assert colours(chart) == (named or {colour_of(HISTORY)})


def test_every_model_has_a_colour_of_its_own(evaluation: Evaluation) -> None:
    assert evaluation.test is not None
    models = {model for result in evaluation.test.tasks.values() for model in result.rows}
    assert models | {BOUGHT, HISTORY, "iALS++ (irspack)"} == set(COLOURS)
    assert colour_of("a model to come") == UNNAMED


def test_colours_stand_out_from_the_page_and_from_each_other() -> None:
    assert min(contrast(colour, PAPER) for colour in (*COLOURS.values(), UNNAMED)) >= 3
    apart = {pair: dist(channels(pair[0]), channels(pair[1])) for pair in combinations([*COLOURS.values(), UNNAMED], 2)}
    assert min(apart.values()) > 0.15, min(apart, key=apart.__getitem__)


def test_lines_beside_each_other_are_told_apart_without_their_colours(full: Page) -> None:
    for chart in full.charts():
        dashes = [one.attrib["stroke-dasharray"] for one in plot(chart).iter("polyline")]
        assert len(set(dashes)) == len(dashes)
    keys = [item.find("svg/line") for chart in full.charts() for item in chart.iter("li") if words(item) == BOUGHT]
    assert [key.attrib["stroke-dasharray"] for key in keys if key is not None] == [DASHES[BOUGHT]]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 12])
def test_of_many_versions_the_last_day_is_named_and_few_before_it(count: int) -> None:
    labels = [f"2026-01-{day:02}" for day in range(1, count + 1)]
    chart = ET.fromstring(charts.history("t", labels, [Estimate(0.5, 0.4, 0.6)] * count))  # noqa: S314 - our own text
    shown = [one.text for one in chart.iter() if one.tag.endswith("text") and one.text in labels]
    assert shown[-1] == labels[-1]
    assert shown == sorted(shown)
    assert len(shown) <= 3


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 0.013), (-3.0, 4.0), (0.0, 250.0)])
def test_ticks_are_round_few_and_within(low: float, high: float) -> None:
    ticks = Scale(low, high, 0, 100).ticks()
    assert 3 <= len(ticks) <= 8
    assert all(low <= tick <= high + 1e-9 for tick in ticks)
    assert np.diff(ticks) == pytest.approx(np.full(len(ticks) - 1, ticks[1] - ticks[0]))


def test_a_bar_is_as_long_as_its_value() -> None:
    drawing = ET.fromstring(charts.bars("t", {"a": Estimate(0.5, 0.4, 0.6), "b": Estimate(0.25, 0.2, 0.3)}))  # noqa: S314
    widths = [float(box.attrib["width"].removesuffix("%")) for box in drawing.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)

"""The report's page read as a browser reads it: a tree of its elements, the rules of its style."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html.parser import HTMLParser

from training.evaluation.bootstrap import Estimate
from training.evaluation.tasks import Task
from training.report.page import Run
from training.report.past import PastVersion

HOSTILE = '<script>alert("1")</script>&{{ 7 * 7 }}'
RUN = Run("2026-01-02 03:04 UTC", HOSTILE, (("read", 1_234), (HOSTILE, 5)))
VERSIONS = (PastVersion("2026-01-01", {Task.DISCOVERY: Estimate(0.1, 0.09, 0.11)}, 0.999),)
ROOT_TEXT, BODY_TEXT = 16.0, 15.0


class Page(HTMLParser):
    """Builds the tree and checks that what is opened is closed."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._tree = ET.TreeBuilder()
        self._tree.start("page", {})
        self.feed(text)
        self._tree.end("page")
        self.root = self._tree.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._tree.start(tag, {name: value or "" for name, value in attrs})
        if tag in self.VOID:
            self._tree.end(tag)
        else:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._tree.start(tag, {name: value or "" for name, value in attrs})
        self._tree.end(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._tree.end(tag)

    def handle_data(self, data: str) -> None:
        self._tree.data(data)

    def find(self, tag: str, **attributes: str) -> list[ET.Element]:
        """The elements with this tag and these attributes, in the order of the page."""
        return [one for one in self.root.iter(tag) if all(one.get(name) == attributes[name] for name in attributes)]

    def charts(self) -> list[ET.Element]:
        return [one for one in self.find("figure") if "chart" in one.get("class", "").split()]


def words(element: ET.Element) -> str:
    """All text within an element."""
    return " ".join("".join(element.itertext()).split())


def rules(page: Page, *, narrow: bool) -> dict[str, dict[str, str]]:
    """The style's declarations by selector, as they hold on a wide page or on a phone."""
    text = re.sub(r"/\*.*?\*/", "", words(page.find("style")[0]))
    wide, _, phone = text.partition("@media")
    found: dict[str, dict[str, str]] = {}
    for selector, declarations in _blocks(wide + (phone.partition("{")[2] if narrow else "")):
        found.setdefault(selector, {}).update(declarations)
    return found


def pixels(size: str) -> float:
    """A font size of the style, at least: `em` where the text around it is the body's."""
    number, unit = re.fullmatch(r"([\d.]+)(px|rem|em)", size).groups()  # type: ignore[union-attr]
    return float(number) * {"px": 1.0, "rem": ROOT_TEXT, "em": BODY_TEXT}[unit]


def contrast(one: str, other: str) -> float:
    """How much two colours, #rgb or #rrggbb, differ in luminance, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def channels(colour: str) -> tuple[float, ...]:
    """Red, green and blue from 0 to 1."""
    digits = colour.removeprefix("#")
    pairs = [2 * digit for digit in digits] if len(digits) == 3 else re.findall("..", digits)
    return tuple(int(pair, 16) / 255 for pair in pairs)


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels(colour)]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def _blocks(style: str) -> Iterator[tuple[str, dict[str, str]]]:
    for selectors, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", style):
        pairs = (pair.partition(":") for pair in declarations.split(";") if ":" in pair)
        found = {name.strip(): value.strip() for name, _, value in pairs}
        for selector in selectors.split(","):
            yield selector.strip(), found

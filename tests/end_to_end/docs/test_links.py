"""Every link leads somewhere, every page is found, and the front page stays one."""

import re
from functools import cache

import pytest

from tests.support.documents import README, Page, all_pages, docs_in_order, page
from tests.support.paths import ROOT

MOST_BYTES = 10_000
CODE = re.compile(r"`((?:artifacts|training|service|tests|benchmarks|examples)/[\w./-]+)`")
PAGES = [pytest.param(each, id=each.name) for each in all_pages()]


def test_the_front_page_is_short() -> None:
    assert len(README.path.read_bytes()) <= MOST_BYTES


@pytest.mark.parametrize("each", PAGES)
def test_links_lead_somewhere(each: Page) -> None:
    for target in each.links:
        if re.match(r"\w+:", target):
            assert target.startswith("https://"), target
            continue
        name, _, anchor = target.partition("#")
        led_to = (each.path.parent / name).resolve() if name else each.path
        assert led_to.is_relative_to(ROOT), target
        assert led_to.is_file(), target
        if anchor:
            assert anchor in anchors(str(led_to.relative_to(ROOT))), target


@cache
def anchors(name: str) -> set[str]:
    return Page(name).anchors


@pytest.mark.parametrize("each", PAGES)
def test_paths_that_are_named_exist(each: Page) -> None:
    for path in set(CODE.findall(each.prose)) - {"artifacts/store"}:
        assert (ROOT / path).exists(), path


def test_every_page_is_reached() -> None:
    names = [str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*") if path.is_file()]
    assert len(names) > 10
    assert sorted([each.name for each in docs_in_order()] + ["docs/index.md"]) == sorted(names)
    seen, ahead = set[str](), [README.name]
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        targets = [target.partition("#")[0] for target in Page(name).links if "://" not in target]
        found = [str((Page(name).path.parent / target).resolve().relative_to(ROOT)) for target in targets if target]
        ahead += [path for path in found if path.endswith(".md")]
    assert set(names) <= seen


def test_every_folder_is_named_and_every_named_one_exists() -> None:
    text = page("architecture").text
    named = set(re.findall(r"^\| `([\w/]+)/` \|", text, re.MULTILINE))
    packages = ("artifacts", "training", "service")
    folders = {
        f"{package}/{path.parent.name}" for package in packages for path in (ROOT / package).glob("*/__init__.py")
    }
    assert len(folders) > 15
    assert {name for name in named if "/" in name and not name.startswith("tests/")} == folders
    assert all((ROOT / name).is_dir() for name in named)


def test_figures_are_those_of_the_benchmarks() -> None:
    """Each row of the performance table is one that was measured."""
    recorded = {_cells(line) for line in (ROOT / "benchmarks/results/table.md").read_text().splitlines()}
    table = page("performance").section("## The table")
    shown = [_cells(line) for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(shown) > 50
    assert [row for row in shown if row not in recorded] == []


def test_the_headline_is_in_the_table() -> None:
    table = page("performance").section("## The table")
    for text in (README.section("## Speed"), page("performance").text.partition("\n## ")[0]):
        figures = re.findall(r"^\| (?!answer)[^|]+ \| ([\d.]+ ms) \| ([\d.–]+) \|$", text, re.MULTILINE)
        assert len(figures) >= 4
        for median, ratio in figures:
            row = [line for line in table.splitlines() if f"| {median} " in line and f"| {ratio.strip('–')} " in line]
            assert row, (median, ratio)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.split("|"))

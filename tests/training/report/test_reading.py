"""The page is read on a phone as on a desk, and by who hears it or has no mouse."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.support.report_page import RUN, VERSIONS, Page, contrast, pixels, rules, words
from training.evaluation.results import Evaluation
from training.report.page import render
from training.selection.gate import Judgement

NUMBER = re.compile(r"[+-]?\d[\d,.]*\b")
Change = Callable[[Evaluation], Evaluation]


def headings_and_links(page: Page) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    headings = [(f"#{one.get('id')}", words(one)) for one in page.find("h2")]
    links = [(one.attrib["href"], words(one)) for nav in page.find("nav") for one in nav.iter("a")]
    return headings, links


def test_the_contents_link_every_section(full: Page) -> None:
    headings, links = headings_and_links(full)
    assert links == headings
    assert ("#calibration", "Calibration") in links
    assert [one.get("aria-label") for one in full.find("nav")] == ["Contents"]


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (lambda found: replace(found, test=None, backtests=(), skipped="too short"), "Tasks"),
        (lambda found: replace(found, backtests=()), "Earlier windows"),
        (lambda found: replace(found, test=replace(found.test, calibration=None)), "Calibration"),
    ],
)
def test_the_contents_link_no_section_that_is_not_there(evaluation: Evaluation, change: Change, missing: str) -> None:
    headings, links = headings_and_links(Page(render(change(evaluation), RUN, Judgement((), ("n",)), VERSIONS)))
    assert links == headings
    assert missing not in {text for _, text in links}


def test_without_a_gate_or_versions_neither_is_linked(evaluation: Evaluation) -> None:
    headings, links = headings_and_links(Page(render(evaluation, RUN, None, ())))
    assert links == headings
    assert not {"#gate", "#versions"} & set(dict(links))


def test_every_table_scrolls_within_the_page_by_keys_too(full: Page) -> None:
    tables = full.find("table")
    assert len(tables) >= 9
    scrolled = [one for one in full.find("div") if "wide" in one.get("class", "").split()]
    assert [one.find("table") for one in scrolled] == tables
    for frame in scrolled:
        assert (frame.get("tabindex"), frame.get("role")) == ("0", "group")
        assert frame.get("aria-label") == words(frame.find("table/caption"))  # type: ignore[arg-type]
    for narrow in (False, True):
        assert rules(full, narrow=narrow)[".wide"]["overflow-x"] == "auto"


def test_a_tables_name_is_its_own(full: Page) -> None:
    captions = [words(one) for one in full.find("caption")]
    assert len(set(captions)) == len(captions) == len(full.find("table"))


def test_cells_know_their_row_and_column(full: Page) -> None:
    for table in full.find("table"):
        assert {one.get("scope") for one in table.iter("th")} <= {"col", "row", "rowgroup"}
        assert {one.get("scope") for one in table.findall("thead/tr/th")} == {"col"}
        for row in table.findall("tbody/tr"):
            assert row[0].tag == "th"
            assert {cell.tag for cell in row[1:]} <= {"td"}


def test_the_first_number_stands_beside_its_rows_name(full: Page) -> None:
    """So that it is seen where there is room for two columns only, as long as the first one is kept narrow."""
    for table in full.find("table"):
        rows = [row for row in table.findall("tbody/tr") if len(row) > 1]
        assert rows
        assert [words(row) for row in rows if not NUMBER.match(words(row[1]))] == []


def test_a_rows_name_is_narrow_on_a_phone_and_stays_when_its_table_scrolls(full: Page) -> None:
    for narrow in (False, True):
        style = rules(full, narrow=narrow)
        for cell in ("th[scope=row]", "thead th:first-child"):
            assert (style[cell]["position"], style[cell]["left"]) == ("sticky", "0")
            assert style[cell]["background"] == "#fff", "what scrolls below it is not seen through it"
        assert style["tr.recipe th"]["background"] == style["tr.recipe td"]["background"]
        assert style["table"]["border-collapse"] == "separate", "else the borders of what stays scroll away"
    phone = rules(full, narrow=True)
    assert pixels(phone["th:first-child"]["max-width"]) <= 120
    assert phone["td"]["white-space"] == phone["thead th"]["white-space"] == "normal"
    assert "white-space" not in phone.get("th", {})


def test_the_gate_names_each_task_once(full: Page) -> None:
    groups = [words(one) for one in full.find("th", scope="rowgroup")]
    assert groups == ["Next purchases", "Discovery"]


def test_no_text_of_the_page_is_too_small(full: Page) -> None:
    sizes = [
        declarations["font-size"]
        for narrow in (False, True)
        for declarations in rules(full, narrow=narrow).values()
        if "font-size" in declarations
    ]
    assert len(sizes) > 6
    assert min(map(pixels, sizes)) >= 11


def test_a_long_word_makes_no_page_wider_than_the_screen(full: Page) -> None:
    style = rules(full, narrow=True)
    assert style["body"]["overflow-wrap"] == "break-word"
    assert "width=device-width" in [
        (one.get("content") or "")[:18] for one in full.find("meta") if one.get("name") == "viewport"
    ]


def test_texts_stand_out_from_what_is_behind_them(full: Page) -> None:
    style = rules(full, narrow=True)
    papers = {style["body"]["background"], style["tr.recipe th"]["background"]}
    inks = {declarations["color"] for declarations in style.values() if "color" in declarations}
    assert len(inks) >= 4
    assert min(contrast(ink, paper) for ink in inks for paper in papers) >= 4.5


def test_headings_skip_no_level(full: Page) -> None:
    levels = [int(one.tag[1]) for one in full.root.iter() if re.fullmatch(r"h[1-6]", one.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_room_left_beside_charts_is_what_they_are_drawn_for(full: Page) -> None:
    style = rules(full, narrow=True)
    assert style["figure.plot > svg"] == {"width": "calc(100% - 60px)", "margin-left": "44px"}
    assert style["figure.bars > svg"] == {"width": "calc(100% - 52px)"}
    assert style["figure.chart > svg"]["overflow"] == "visible"

"""The report stands on its own and believes no text of the shop."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from artifacts.publishing.manifest import REPORT_NAME, read_manifest
from artifacts.publishing.store import Store
from tests.support.shop import write_tiny_shop
from training import job
from training.__main__ import main
from training.evaluation.bootstrap import Estimate
from training.evaluation.results import Evaluation, Shown
from training.evaluation.tasks import Task
from training.fitting.ranker_examples import RankerExamples
from training.interactions.interactions import read_interactions
from training.report import charts
from training.report.page import TASK_TITLES, Run, render
from training.report.past import PastVersion, past_versions
from training.selection.gate import Check, Judgement

HOSTILE = '<script>alert("1")</script>&{{ 7 * 7 }}'
RUN = Run("2026-01-02 03:04 UTC", HOSTILE, (("read", 1_234), (HOSTILE, 5)))
VERSIONS = (PastVersion("2026-01-01", {Task.DISCOVERY: Estimate(0.1, 0.09, 0.11)}, 0.999),)


class Page(HTMLParser):
    """Collects the tags' attributes and checks that what is opened is closed."""

    VOID = ("meta", "br", "rect", "circle", "polyline")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    config = write_tiny_shop(tmp_path_factory.mktemp("report"))
    return job.evaluate(RankerExamples(read_interactions(config, progress=False), config, False), 1)


@pytest.fixture(scope="module")
def page(evaluation: Evaluation) -> str:
    check = Check(Task.DISCOVERY, HOSTILE, 0.2, 0.1, Estimate(0.1, 0.05, 0.15), 0.02)
    return render(evaluation, RUN, Judgement((check,), (HOSTILE,), HOSTILE), VERSIONS)


def test_it_is_well_formed(page: str):
    parsed = Page(page)
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    links = [attributes["href"] for tag, attributes in parsed.tags if tag == "a"]
    assert {f"#{one}" for one in ids} >= set(links)


def test_it_loads_nothing(page: str):
    attributes = {(tag, name) for tag, found in Page(page).tags for name in found}
    assert not {tag for tag, _ in attributes} & {"script", "link", "img", "iframe", "object"}
    assert not {name for _, name in attributes} & {"src", "srcset", "action", "onload", "onerror"}
    assert "@import" not in page
    assert "url(" not in page


def test_hostile_texts_are_shown_and_not_obeyed(evaluation: Evaluation):
    assert evaluation.test is not None
    bad = Shown(HOSTILE, bought=True)
    users = [replace(user, history=(bad,), discovery=(bad,)) for user in evaluation.test.sample_users]
    hostile = replace(evaluation, test=replace(evaluation.test, sample_users=tuple(users)))
    text = render(hostile, RUN, None, (PastVersion(HOSTILE, {}, None),))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "{{ 7 * 7 }}" in text, "shown as it is: no template of its own"


def test_it_shows_every_task_model_and_cleaning_line(page: str, evaluation: Evaluation):
    assert evaluation.test is not None
    for task, result in evaluation.test.tasks.items():
        assert TASK_TITLES[task][0] in page
        assert all(page.count(f"<td>{model}</td>") >= 1 for model in result.rows)
    assert "1,234" in page
    assert page.count("<details") == len(evaluation.test.sample_users)
    assert "Item number" in page


def test_it_has_the_charts_asked_for(page: str):
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    # bars by task, two by activity, versions, recall, long tail, calibration
    assert len(drawings) == 5 + 2 + 4
    for drawing in drawings:
        ET.fromstring(drawing)  # noqa: S314 - our own text


def test_backtests_stand_beside_the_last_window(page: str, evaluation: Evaluation):
    assert len(evaluation.backtests) == 1
    assert f"<th>{evaluation.backtests[0].window.start.date()}</th>" in page


def test_a_forced_version_says_so(evaluation: Evaluation):
    check = Check(Task.DISCOVERY, "popularity", 0.1, 0.2, Estimate(-0.1, -0.15, -0.05), 0.02)
    text = render(evaluation, RUN, Judgement((check,), (), "a <new> season"), VERSIONS)
    assert "published by force: a &lt;new&gt; season" in text
    assert 'class="worse">worse<' in text


def test_a_sample_is_called_one(evaluation: Evaluation, page: str):
    text = render(replace(evaluation, sample=(33_477, 1_000_000)), RUN, None, VERSIONS)
    assert "evaluated on a sample of 33,477 of\n1,000,000 users" in text
    assert "on a sample" not in page


def test_without_anything_to_measure_there_is_still_a_page():
    text = render(Evaluation(10, None, (), "the history is short"), RUN, Judgement((), ("n",)), ())
    assert Page(text).open == []
    assert "Nothing could be measured: the history is short" in text
    assert "1,234" in text


def test_it_is_published_with_the_version_and_named_in_its_manifest(tiny_store: Store):
    directory = tiny_store.current_path()
    manifest = read_manifest(directory)
    page = (directory / str(manifest.metrics["report"])).read_text(encoding="utf-8")
    assert REPORT_NAME in manifest.files
    assert Page(page).open == []
    past = past_versions(tiny_store)
    ours = manifest.metrics["evaluation"]["tasks"]["discovery"]["models"]["Aisle"]["NDCG@10"]
    assert [one.ndcg[Task.DISCOVERY].value for one in past] == [ours[0]]
    assert past[0].index_recall == manifest.metrics["index"]["recall@10"]


def test_the_report_does_not_change_the_versions_hash(tmp_path: Path):
    config = write_tiny_shop(tmp_path / "shop", n_users=40)
    store = Store(tmp_path / "store")
    first = job.train(config, store, show_progress=False)
    second = job.train(config, store, show_progress=False)
    assert first.rpartition("-")[2] == second.rpartition("-")[2]
    assert len(past_versions(store)) == len(store.versions())


def test_the_evaluate_command_writes_the_page_and_prints_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    config = write_tiny_shop(tmp_path / "shop", n_users=40)
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "store"))
    assert main(["evaluate", "--quiet", "--data", str(config.data.source), "--out", str(tmp_path / "out")]) == 0
    assert "next_purchases" in capsys.readouterr().out
    assert Page((tmp_path / "out" / REPORT_NAME).read_text(encoding="utf-8")).open == []
    assert Store(tmp_path / "store").versions() == []


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 0.013), (-3.0, 4.0), (0.0, 250.0)])
def test_ticks_are_round_few_and_within(low: float, high: float):
    ticks = charts.Scale(low, high, 0, 100).ticks()
    assert 3 <= len(ticks) <= 8
    assert all(low <= tick <= high + 1e-9 for tick in ticks)
    assert np.diff(ticks) == pytest.approx(np.full(len(ticks) - 1, ticks[1] - ticks[0]))


def test_a_bar_is_as_long_as_its_value():
    drawing = ET.fromstring(charts.bars({"a": Estimate(0.5, 0.4, 0.6), "b": Estimate(0.25, 0.2, 0.3)}, "a"))  # noqa: S314
    widths = [float(box.attrib["width"]) for box in drawing.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)

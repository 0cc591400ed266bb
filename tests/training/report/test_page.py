"""The report stands on its own and believes no text of the shop."""

from dataclasses import replace
from pathlib import Path

import pytest

from artifacts.publishing.manifest import REPORT_NAME, read_manifest
from artifacts.publishing.store import Store
from tests.support.report_page import HOSTILE, RUN, VERSIONS, Page
from tests.support.shop import write_tiny_shop
from training import job
from training.__main__ import main
from training.evaluation.bootstrap import Estimate
from training.evaluation.results import Evaluation, Shown
from training.evaluation.tasks import Task
from training.report.page import TASK_TITLES, render
from training.report.past import PastVersion, past_versions
from training.selection.gate import Check, Judgement


def test_it_is_well_formed(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)


def test_it_loads_nothing_and_runs_nothing(page: str) -> None:
    attributes = {(tag, name) for tag, found in Page(page).tags for name in found}
    assert not {tag for tag, _ in attributes} & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not {name for _, name in attributes} & {"src", "srcset", "action"}
    assert not [name for _, name in attributes if name.startswith("on")]
    assert not [tag for tag, name in attributes if name == "style"], "a policy may allow the one style by its hash"
    assert "@import" not in page
    assert "url(" not in page


def test_hostile_texts_are_shown_and_not_obeyed(evaluation: Evaluation) -> None:
    assert evaluation.test is not None
    bad = Shown(HOSTILE, bought=True)
    users = [replace(user, history=(bad,), discovery=(bad,)) for user in evaluation.test.sample_users]
    hostile = replace(evaluation, test=replace(evaluation.test, sample_users=tuple(users)))
    text = render(hostile, RUN, None, (PastVersion(HOSTILE, {}, 0.999),))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "{{ 7 * 7 }}" in text, "shown as it is: no template of its own"


def test_it_shows_every_task_model_and_cleaning_line(page: str, evaluation: Evaluation) -> None:
    assert evaluation.test is not None
    for task, result in evaluation.test.tasks.items():
        assert TASK_TITLES[task][0] in page
        assert all(page.count(f'<th scope="row">{model}</th>') >= 1 for model in result.rows)
    assert "1,234" in page
    assert page.count("<details") == len(evaluation.test.sample_users)
    assert "Item number" in page


def test_it_says_how_the_data_was_read_and_shows_a_row_of_each_reason(evaluation: Evaluation) -> None:
    run = replace(
        RUN, cleaning=(("bad time", 7),), found=(f"times: {HOSTILE}",), examples={"bad time": "time 'soon' <7>"}
    )
    text = render(evaluation, run, None, VERSIONS)
    assert "<li>times: &lt;script&gt;" in text
    assert '<th scope="row">bad time</th><td>7</td><td class="text">time &#39;soon&#39; &lt;7&gt;</td>' in text


def test_backtests_stand_beside_the_last_window(page: str, evaluation: Evaluation) -> None:
    assert len(evaluation.backtests) == 1
    assert f"<time>{evaluation.backtests[0].window.start.date()}</time>" in page


def test_a_forced_version_says_so(evaluation: Evaluation) -> None:
    check = Check(Task.DISCOVERY, "popularity", 0.1, 0.2, Estimate(-0.1, -0.15, -0.05), 0.02)
    text = render(evaluation, RUN, Judgement((check,), (), "a <new> season"), VERSIONS)
    assert "published by force: a &lt;new&gt; season" in text
    assert 'class="text worse">worse<' in text


def test_a_sample_is_called_one(evaluation: Evaluation, page: str) -> None:
    text = render(replace(evaluation, sample=(33_477, 1_000_000)), RUN, None, VERSIONS)
    assert "evaluated on a sample of 33,477 of\n1,000,000 users" in text
    assert "on a sample" not in page


def test_without_anything_to_measure_there_is_still_a_page() -> None:
    text = render(Evaluation(10, None, (), "the history is short"), RUN, Judgement((), ("n",)), ())
    assert Page(text).open == []
    assert "Nothing could be measured: the history is short" in text
    assert "1,234" in text


def test_it_is_published_with_the_version_and_named_in_its_manifest(tiny_store: Store) -> None:
    directory = tiny_store.current_path()
    manifest = read_manifest(directory)
    page = (directory / str(manifest.metrics["report"])).read_text(encoding="utf-8")
    assert REPORT_NAME in manifest.files
    assert Page(page).open == []
    past = past_versions(tiny_store)
    ours = manifest.metrics["evaluation"]["tasks"]["discovery"]["models"]["Aisle"]["NDCG@10"]
    assert [one.ndcg[Task.DISCOVERY].value for one in past] == [ours[0]]
    assert past[0].index_recall == manifest.metrics["index"]["recall@10"]


def test_the_report_does_not_change_the_versions_hash(tmp_path: Path) -> None:
    config = write_tiny_shop(tmp_path / "shop", n_users=40)
    store = Store(tmp_path / "store")
    first = job.train(config, store, show_progress=False)
    second = job.train(config, store, show_progress=False)
    assert first.rpartition("-")[2] == second.rpartition("-")[2]
    assert len(past_versions(store)) == len(store.versions())


def test_the_evaluate_command_writes_the_page_and_prints_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_tiny_shop(tmp_path / "shop", n_users=40)
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "store"))
    assert main(["evaluate", "--quiet", "--data", str(config.data.source), "--out", str(tmp_path / "out")]) == 0
    assert "next_purchases" in capsys.readouterr().out
    assert Page((tmp_path / "out" / REPORT_NAME).read_text(encoding="utf-8")).open == []
    assert Store(tmp_path / "store").versions() == []

"""A broken export does not replace a good version."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artifacts.publishing.manifest import Provenance, read_manifest
from artifacts.publishing.store import Store
from tests.support.live_events import event, opened
from tests.support.versions import copy_of
from training import job
from training.__main__ import main
from training.config import Config, Data, Gate
from training.interactions.interactions import read_interactions
from training.selection.data_check import check_data

LATE = datetime.fromisoformat("2025-01-09")
N_ROWS, N_USERS, N_ITEMS = 800, 150, 60
FIRST = datetime.fromisoformat("2024-01-01")


def rows_of(n_rows: int = N_ROWS, start: datetime = FIRST) -> pl.DataFrame:
    """A year of a shop's orders, a row each, oldest first."""
    rng = np.random.default_rng(3)
    return pl.DataFrame(
        {
            "user_id": [f"u{user}" for user in rng.integers(0, N_USERS, n_rows)],
            "item_id": [f"i{item}" for item in rng.integers(0, N_ITEMS, n_rows)],
            "order_id": [f"o{row // 2}" for row in range(n_rows)],
            "time": [start + timedelta(days=360 * row / n_rows) for row in range(n_rows)],
        }
    )


@dataclass
class Shop:
    """A shop with a published version, as someone trains it from the command line."""

    directory: Path
    store: Store
    capsys: pytest.CaptureFixture[str]

    def train(self, rows: pl.DataFrame, *arguments: str, settings: str = "") -> int:
        return self.run("train", rows, *arguments, settings=settings)

    def run(self, command: str, rows: pl.DataFrame, *arguments: str, settings: str = "") -> int:
        rows.write_csv(self.directory / "orders.csv")
        (self.directory / "shop.toml").write_text(f"[model]\nfactors = 4\niterations = 2\nrecipe = 'blend'\n{settings}")
        given = ["--data", str(self.directory / "orders.csv"), "--config", str(self.directory / "shop.toml")]
        return main([command, "--quiet", *given, *arguments])

    @property
    def gate(self) -> dict[str, Any]:
        metrics: dict[str, Any] = read_manifest(self.store.current_path()).metrics["gate"]
        return metrics


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A version of the whole shop; not to be changed."""
    root = tmp_path_factory.mktemp("published")
    rows_of().write_csv(root / "orders.csv")
    store = Store(root / "store")
    job.train(Config(data=Data(source=str(root / "orders.csv"))), store, show_progress=False, force="the first one")
    return store


@pytest.fixture
def shop(
    published: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shop]:
    store = copy_of(published, tmp_path / "store")
    monkeypatch.setenv("ARTIFACTS_DIR", str(store.root))
    yield Shop(tmp_path, store, capsys)


BROKEN = {
    "nine rows": (rows_of(9, FIRST + timedelta(days=400)), ["users", "items", "events", "baskets"]),
    "the first 2.5% of the rows": (rows_of().head(20), ["users", "items", "events", "baskets", "newest event"]),
    "half the rows, ending half a year earlier": (rows_of().head(N_ROWS // 2), ["events", "baskets", "newest event"]),
    "the day before's": (
        rows_of().filter(pl.col("time") < rows_of()["time"][-1] - timedelta(days=1)),
        ["newest event"],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_export_is_refused_before_anything_is_fitted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    rows, problems = BROKEN[name]
    monkeypatch.setattr(job, "choose_recipe", None)  # where it came to that, the run would end otherwise
    before = shop.store.current()
    assert shop.train(rows) == 3
    said = shop.capsys.readouterr()
    assert (said.out, said.err.count("Traceback")) == ("", 0)
    refused = [line for line in said.err.splitlines() if line.endswith((", too few", "  older"))]
    assert [line[:14].strip() for line in refused] == problems
    assert "FORCE=" in said.err
    assert "[gate] shrink" in said.err
    assert (shop.store.current(), shop.store.versions()) == (before, [before])


def test_the_message_has_the_figures_before_and_after(shop: Shop) -> None:
    shop.train(BROKEN["nine rows"][0])
    table = [line.split() for line in shop.capsys.readouterr().err.splitlines()]
    whole = rows_of()
    assert ["users", str(whole["user_id"].n_unique()), "9", "-94.0%,", "too", "few"] in table
    assert ["items", "60", str(rows_of(9)["item_id"].n_unique()), "-85.0%,", "too", "few"] in table
    assert ["events", "800", "9", "-98.9%,", "too", "few"] in table
    assert ["baskets", "400", "5", "-98.8%,", "too", "few"] in table
    newest = next(line for line in table if line[:2] == ["newest", "event"])
    assert newest == ["newest", "event", "2024-12-25T13:12:00+00:00", "2025-12-21T00:00:00+00:00"]


def test_force_publishes_it_and_the_reason_is_recorded(shop: Shop) -> None:
    assert shop.train(BROKEN["nine rows"][0], "--force", "we begin anew") == 0
    assert shop.gate["forced"] == "we begin anew"
    assert shop.gate["passed"] is False
    assert shop.gate["data"]["passed"] is False
    assert shop.gate["data"]["figures"]["events"] == {"published": N_ROWS, "new": 9, "passed": False}
    printed = shop.capsys.readouterr().out
    assert "published all the same: we begin anew" in printed
    assert f"events: 9 now, {N_ROWS} in " in printed


def test_a_shop_goes_on_with_a_rolling_window_without_a_word(shop: Shop) -> None:
    """A fifth fewer events, but for one, and the newest ones of the day after."""
    grown = rows_of(N_ROWS, FIRST + timedelta(days=1)).head(4 * N_ROWS // 5 - 1)
    last = rows_of(1, FIRST + timedelta(days=361))
    assert shop.train(pl.concat([grown, last])) == 0
    assert shop.gate["forced"] is None
    assert shop.gate["data"]["passed"] is True
    assert {name for name, one in shop.gate["data"]["figures"].items() if one["passed"]} == {
        "users",
        "items",
        "events",
        "baskets",
        "newest event",
    }


def test_the_share_is_a_setting_and_the_newest_event_is_not(shop: Shop) -> None:
    fewer = rows_of().tail(N_ROWS // 2)
    assert shop.train(fewer, settings="[gate]\nshrink = 0.4\n") == 3
    assert shop.train(fewer, settings="[gate]\nshrink = 1.0\n") == 0
    assert shop.train(fewer.head(300), settings="[gate]\nshrink = 1.0\n") == 3


def test_cleaning_that_drops_the_newest_event_makes_the_data_no_older(shop: Shop) -> None:
    """The newest customer has bought once only, and is left out by a setting that is told as a possible cause."""
    newcomer = pl.DataFrame({"user_id": ["new"], "item_id": ["i1"], "order_id": ["oo"], "time": [LATE]})
    rows = pl.concat([rows_of(), newcomer])
    assert shop.train(rows) == 0
    assert shop.train(rows, settings="[clean]\nmin_events_per_user = 2\n") == 0
    data = read_manifest(shop.store.current_path()).data
    assert data["newest"] == "2025-01-09T00:00:00+00:00"
    assert data["to"] < "2025-01-01"
    shop.capsys.readouterr()
    assert shop.train(rows, settings="[clean]\nmin_events_per_user = 9\n") == 3
    assert "set otherwise than for the published version: [clean]" in shop.capsys.readouterr().err


def test_live_events_do_not_hide_that_the_export_stands_still(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{shop.directory / 'live.db'}"
    with opened(url) as live:
        live.insert([event(number, "purchase") for number in range(300)])
    monkeypatch.setenv("LIVE_URL", url)
    assert shop.train(rows_of()) == 0
    assert read_manifest(shop.store.current_path()).data["to"] > "2026-02-02", "the live store's"
    shop.capsys.readouterr()
    assert shop.train(rows_of().head(N_ROWS - 1)) == 3
    said = shop.capsys.readouterr().err
    assert [line[:14].strip() for line in said.splitlines() if line.endswith((", too few", "  older"))] == [
        "newest event"
    ]
    assert "LIVE_URL" not in said
    monkeypatch.delenv("LIVE_URL")
    assert shop.train(rows_of()) == 3
    assert "is LIVE_URL set?" in shop.capsys.readouterr().err


def test_an_older_version_is_compared_by_what_its_manifest_has(shop: Shop) -> None:
    known = vars(read_manifest(shop.store.current_path()))
    data = {name: value for name, value in known["data"].items() if name not in ("n_baskets", "newest")}
    with shop.store.draft() as draft:
        (draft / "anything").write_text("")
        shop.store.publish(draft, Provenance(created="2030-02-01T00:00:00+00:00", data=data))
    assert shop.train(BROKEN["half the rows, ending half a year earlier"][0]) == 3
    said = shop.capsys.readouterr().err
    assert "tells no baskets to compare with" in said
    assert [line[:14].strip() for line in said.splitlines() if line.endswith((", too few", "  older"))] == [
        "events",
        "newest event",
    ]


def test_a_version_that_cannot_be_read_is_no_ground_for_refusing(shop: Shop) -> None:
    (shop.store.current_path() / "manifest.json").write_text("{}")
    assert shop.train(BROKEN["nine rows"][0]) == 0
    assert "not compared with the published version" in " ".join(shop.gate["notes"])


def test_an_evaluation_reports_it_and_goes_on(shop: Shop) -> None:
    assert shop.run("evaluate", rows_of().head(N_ROWS // 2), "--out", str(shop.directory / "report")) == 0
    assert "the gate would refuse this data" in shop.capsys.readouterr().err
    assert "events: 400 now, 800 in " in (shop.directory / "report" / "report.html").read_text().lower()


def test_the_figures_are_those_of_the_manifest(shop: Shop, published: Store) -> None:
    """Compared with itself, a version has as much as it had."""
    source = read_manifest(published.current_path()).configuration["data"]["source"]
    config = Config(data=Data(source=source), gate=Gate(shrink=0))
    check = check_data(published, read_interactions(config, progress=False), config)
    assert check.passed
    assert [figure.what for figure in check.figures if figure.published != figure.new] == []
    assert len(check.figures) == 5

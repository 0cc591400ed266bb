"""Shops so small or so young that there is hardly anything to learn or to compare."""

from pathlib import Path

import polars as pl
import pytest

from artifacts.model.model import open_model
from artifacts.publishing.manifest import REPORT_NAME
from artifacts.publishing.store import Store
from artifacts.queries.popular import popular
from artifacts.queries.query import Query
from tests.support.paths import ROOT
from training.__main__ import main

CASES = ROOT.parent / "shared" / "cases"
TINY = ("guests", "one_item", "one_pair", "one_row", "one_user")


def publishes(store: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Store:
    """Train and evaluate; the version that was published answers."""
    monkeypatch.setenv("ARTIFACTS_DIR", str(store))
    assert main(["train", "--quiet", *arguments]) == 0
    assert main(["evaluate", "--quiet", *arguments]) == 0
    published = Store(store)
    directory = published.current_path()
    assert (directory / REPORT_NAME).read_text().startswith("<!doctype html>")
    model = open_model(directory)
    assert len(popular(model, Query())) == min(10, len(model.item_ids))
    return published


def case(folder: str, name: str) -> Path:
    path = CASES / folder / name
    if not path.exists():
        pytest.skip(f"there is no {path}")
    return path


@pytest.mark.parametrize("name", TINY)
def test_a_tiny_shop_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    publishes(tmp_path / "store", monkeypatch, "--data", str(case("33-tiny-shops", f"{name}.csv")))


def test_a_shop_of_one_moment_is_refused_with_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "store"))
    assert main(["train", "--quiet", "--data", str(case("33-tiny-shops", "one_time.csv"))]) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "one_time.csv: all 300 rows lie within an hour" in complaint


@pytest.mark.parametrize("name", ["orders", "orders9"])
def test_a_new_shop_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given = ["--data", str(case("71-new-shop", f"{name}.csv")), "--config", str(case("71-new-shop", "shop.toml"))]
    publishes(tmp_path / "store", monkeypatch, *given)


@pytest.mark.parametrize("n_items", [1, 2, 5, 11])
@pytest.mark.parametrize("n_returning", [0, 1, 3])
def test_a_young_shop_whose_last_window_yields_few_picks_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_items: int, n_returning: int
) -> None:
    """Customers who bought in spring, some of whom came back in the last 28 days."""
    spring = [(f"u{item % 4}", f"i{item}", "2026-03-01T12:00:00") for item in range(n_items)]
    lately = [(f"u{user}", f"i{user % n_items}", "2026-06-20T12:00:00") for user in range(n_returning)]
    orders = pl.DataFrame([*spring, *lately], schema=["user_id", "item_id", "time"], orient="row")
    orders.write_csv(tmp_path / "orders.csv")
    publishes(tmp_path / "store", monkeypatch, "--data", str(tmp_path / "orders.csv"))


def test_a_view_that_counts_as_much_as_a_purchase_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody looks at all, and buys one item."""
    rows = [
        (f"u{user}", f"i{item}", f"2026-06-{1 + user:02}T12:00:00", event)
        for user in range(6)
        for item, event in [*((item, "view") for item in range(5)), (user % 3, "purchase")]
    ]
    pl.DataFrame(rows, schema=["user_id", "item_id", "time", "event"], orient="row").write_csv(tmp_path / "events.csv")
    (tmp_path / "shop.toml").write_text("[events]\nview = 1.0\npurchase = 1.0\n")
    given = ["--data", str(tmp_path / "events.csv"), "--config", str(tmp_path / "shop.toml")]
    model = open_model(publishes(tmp_path / "store", monkeypatch, *given).current_path())
    for user in range(6):
        history = model.history.of(model.user_ids.find(f"u{user}"))
        bought = [model.item_ids[item] for item in history.items[history.times_bought > 0].tolist()]
        assert bought == [f"i{user % 3}"]


def test_of_equal_weights_the_event_named_so_is_the_purchase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = case("61-equal-weights", "events.csv")
    given = ["--data", str(events), "--config", str(case("61-equal-weights", "shop.toml"))]
    model = open_model(publishes(tmp_path / "store", monkeypatch, *given).current_path())
    rows = pl.read_csv(events, infer_schema=False)
    purchases = rows.filter(pl.col("event") == "purchase").unique(["user_id", "item_id"]).height
    assert int((model.history.times_bought > 0).sum()) == purchases

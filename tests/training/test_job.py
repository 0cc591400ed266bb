"""A training run from the command line and from code: repeatable, and harmless where it fails."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from artifacts.model.model import Model, open_model
from artifacts.publishing.store import DEFAULT_KEEP, Store
from artifacts.queries.cross_sell import cross_sell
from artifacts.queries.popular import popular
from artifacts.queries.query import Fallback, Query, Repeat
from artifacts.queries.recommend import recommend
from artifacts.queries.similar import similar
from tests.support.paths import ROOT
from tests.support.served import served_picks
from tests.support.shop import write_tiny_shop
from training.__main__ import main
from training.config import Config, Data, ModelSettings
from training.job import train

pytestmark = pytest.mark.integration

SMALL = ModelSettings(factors=4, iterations=2)


def files_hash(version: str) -> str:
    return version.partition("-")[2]


def train_on(rows: pl.DataFrame, directory: Path) -> Model:
    store = Store(directory / "store")
    train(write_purchases(rows, directory), store, show_progress=False)
    store.verify(store.current())
    return open_model(store.current_path())


def write_purchases(rows: pl.DataFrame, directory: Path) -> Config:
    rows.write_parquet(directory / "purchases.parquet")
    return Config(data=Data(source=str(directory / "purchases.parquet")), model=SMALL)


def write_week(directory: Path, n_days: int = 7) -> Config:
    """A basket of two a day: too little to evaluate, so that a run is short."""
    days = [day for day in range(n_days) for _ in range(2)]
    items = [("a", "b", "c", "d")[number % 4] for number in range(2 * n_days)]
    return write_purchases(
        rows_of([f"u{day % 3}" for day in days], items, [f"b{day}" for day in days], days), directory
    )


def rows_of(users: list[str | None], items: list[str], baskets: list[str], days: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "user_id": users,
            "item_id": items,
            "basket_id": baskets,
            "time": [f"2025-01-{1 + day:02}T12:00:00" for day in days],
        },
        schema_overrides={"user_id": pl.String},
    )


def test_the_same_data_configuration_and_seed_give_the_same_version_and_answers(tmp_path: Path) -> None:
    config = write_tiny_shop(tmp_path / "shop")
    store = Store(tmp_path / "store")
    models = []
    for _ in range(2):
        version = train(config, store, show_progress=False)
        models.append(open_model(store.path(version)))
    assert files_hash(models[0].version) == files_hash(models[1].version)
    for query in [
        Query(user_id="u3", explain=True),
        Query(items=("I000",), explain=True),
        Query(recent_items=("I004",)),
    ]:
        answers = [[served_picks(ask(model, query)) for ask in (recommend, cross_sell, popular)] for model in models]
        assert answers[0] == answers[1]


def test_other_data_or_another_seed_give_another_version(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    config = write_week(tmp_path, n_days=6)
    other_seed = config.model_copy(update={"model": config.model.model_copy(update={"seed": 1})})
    hashes = {files_hash(train(each, store, show_progress=False)) for each in (config, other_seed)}
    hashes.add(files_hash(train(write_week(tmp_path), store, show_progress=False)))
    assert len(hashes) == 3


def test_old_versions_are_pruned_and_the_new_one_is_current(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    config = write_week(tmp_path)
    for seed in range(DEFAULT_KEEP + 1):
        settings = config.model.model_copy(update={"seed": seed})
        newest = train(config.model_copy(update={"model": settings}), store, show_progress=False)
        assert store.current() == newest
    # The one before the newest is kept whatever its name, and in one second names do not sort by age.
    assert DEFAULT_KEEP <= len(store.versions()) <= DEFAULT_KEEP + 1
    assert newest in store.versions()


def test_a_version_is_published_even_where_an_old_one_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_week(tmp_path)
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "store"))
    monkeypatch.setattr(Store, "prune", no_space)
    assert main(["train", "--quiet", "--data", str(tmp_path / "purchases.parquet")]) == 0
    store, printed = Store(tmp_path / "store"), capsys.readouterr()
    assert store.verify(store.current())
    assert f"published {store.current()} in " in printed.out
    assert printed.err == (
        f"train: {store.current()} is published, but old versions could not be removed: "
        "[Errno 28] No space left on device\n"
    )


def no_space(_store: Store, _keep: int) -> list[str]:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("published")
    store = Store(root / "store")
    train(write_week(root), store, show_progress=False)
    return store


def a_broken_file(directory: Path) -> list[str]:
    (directory / "bad.parquet").write_bytes(b"PAR1 this is no Parquet file PAR1")
    return ["--data", str(directory / "bad.parquet")]


def no_file(directory: Path) -> list[str]:
    return ["--data", str(directory / "nowhere.csv")]


def no_usable_row(directory: Path) -> list[str]:
    (directory / "empty.csv").write_text("user_id,item_id,time\nu1,,2025-01-01\nu2,,2025-01-02\n")
    return ["--data", str(directory / "empty.csv")]


def no_row(directory: Path) -> list[str]:
    (directory / "header.csv").write_text("user_id,item_id,time\n")
    return ["--data", str(directory / "header.csv")]


def an_unmapped_column(directory: Path) -> list[str]:
    (directory / "odd.csv").write_text("who,article,time\nu1,a,2025-01-01\n")
    return ["--data", str(directory / "odd.csv")]


def a_bad_key(directory: Path) -> list[str]:
    (directory / "bad.toml").write_text("[model]\nfactors = 0\n")
    return ["--config", str(directory / "bad.toml")]


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (a_broken_file, ["bad.parquet"]),
        (no_file, ["nowhere.csv"]),
        (no_usable_row, ["empty.csv", "no usable rows"]),
        (no_row, ["header.csv", "no usable rows"]),
        (an_unmapped_column, ["odd.csv", "columns.user", "columns.item"]),
        (a_bad_key, ["bad.toml", "model.factors = 0"]),
    ],
)
def test_a_run_that_cannot_work_says_so_and_changes_nothing(  # noqa: PLR0917
    tmp_path: Path,
    published: Store,
    make: Callable[[Path], list[str]],
    names: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", str(published.root))
    before = {path: path.read_bytes() for path in published.root.rglob("*") if path.is_file()}
    assert main(["train", "--quiet", *make(tmp_path)]) == 2
    said = capsys.readouterr().err
    for name in names:
        assert name in said
    assert {path: path.read_bytes() for path in published.root.rglob("*") if path.is_file()} == before
    assert published.verify(published.current())


def test_a_run_prints_where_the_version_is(tmp_path: Path) -> None:
    write_week(tmp_path)
    run = subprocess.run(
        [sys.executable, "-m", "training", "train", "--quiet", "--data", str(tmp_path / "purchases.parquet")],
        cwd=ROOT,
        env={**os.environ, "ARTIFACTS_DIR": str(tmp_path / "store")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    version = Store(tmp_path / "store").current()
    assert version in run.stdout


def test_the_sample_shop_has_sold_until_yesterday(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.toml").write_text(
        '[columns]\nuser = "nobody"\n'
    )  # the shop is made, and then nothing trained on it
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "store"))
    days = [datetime.now(UTC).date()]
    assert main(["train", "--quiet", "--config", str(tmp_path / "odd.toml")]) == 2
    days.append(datetime.now(UTC).date())  # where midnight has passed
    times = pl.read_csv(tmp_path / "store" / "sample-shop" / "purchases.csv", try_parse_dates=True)["time"]
    assert times.dt.date().drop_nulls().sort()[-1] in [day - timedelta(days=1) for day in days]


def test_a_shop_of_guests_has_no_users_but_sells_together_what_goes_together(tmp_path: Path) -> None:
    baskets = [("machine", "beans")] * 4 + [("cup", "bag")] * 3 + [("bag", "beans")]
    pairs = [(item, f"b{number}") for number, basket in enumerate(baskets) for item in basket]
    items, numbers = ([pair[column] for pair in pairs] for column in (0, 1))
    model = train_on(rows_of([None] * len(pairs), items, numbers, [0] * len(pairs)), tmp_path)
    assert len(model.user_ids) == 0
    assert served_picks(cross_sell(model, Query(items=("machine",))))[0].item_id == "beans"
    assert served_picks(popular(model, Query()))[0].item_id == "beans"
    answer = recommend(model, Query(user_id="u", recent_items=("cup",)))
    assert len(served_picks(answer)) == 3
    assert answer.fallback is Fallback.UNKNOWN_USER


@pytest.mark.parametrize(
    "rows",
    [
        rows_of(["u"], ["a"], ["b1"], [0]),
        rows_of(["u", "v", "w"], ["a", "a", "a"], ["b1", "b2", "b3"], [0, 1, 2]),
        rows_of(["u", "u", "u"], ["a", "b", "a"], ["b1", "b2", "b3"], [0, 0, 0]),
        rows_of(["u", "v", None], ["a", "b", "c"], ["b1", "b2", "b3"], [0, 9, 20]),
        rows_of(["u", "v"], ["a", "b"], ["b1", "b2"], [0, 1]).with_columns(event=pl.lit("view")),
    ],
    ids=["one purchase", "one item", "one moment", "no pairs", "looks only"],
)
def test_the_smallest_shops_train_and_answer(tmp_path: Path, rows: pl.DataFrame) -> None:
    model = train_on(rows, tmp_path)
    n_items = len(model.item_ids)
    for repeat in Repeat:
        for query in [Query(user_id="u", repeat=repeat, explain=True), Query(user_id="u", items=("a",), repeat=repeat)]:
            assert len(served_picks(recommend(model, query))) <= n_items
            assert len(served_picks(cross_sell(model, Query(items=("a",), explain=True)))) == n_items - 1
    assert len(served_picks(recommend(model, Query(user_id="u", repeat=Repeat.ALLOW)))) == n_items
    assert len(served_picks(similar(model, Query(items=("a",))))) == n_items - 1
    assert len(served_picks(popular(model, Query()))) == n_items

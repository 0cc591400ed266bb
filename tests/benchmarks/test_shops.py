"""The synthetic shops hold what is planted in them, can be trained on, and are made once."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artifacts.model.model import Model, open_model
from artifacts.publishing.store import Store
from artifacts.queries.query import Filters, Query
from artifacts.queries.recommend import recommend
from benchmarks import shops, synthetic
from benchmarks.shops import make_data, make_shop
from benchmarks.synthetic import ONE_PERCENT, Size, write_shop
from training.config import ModelSettings, load_config
from training.interactions.interactions import read_interactions

SMALL = Size(users=2_000, items=1_000, interactions=40_000, interests=20, categories=30)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("small")
    write_shop(SMALL, directory)
    return directory


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shops, "SIZES", {"M": SMALL})
    monkeypatch.setattr(shops, "SETTINGS", {"M": ModelSettings(factors=8, iterations=3)})


def purchases(directory: Path) -> pl.DataFrame:
    return pl.read_parquet(directory / "purchases" / "*.parquet")


def test_a_shop_has_the_size_asked_for(small: Path) -> None:
    rows = purchases(small)
    assert len(rows) == SMALL.interactions
    assert rows["user_id"].n_unique() == SMALL.users
    assert len(pl.read_parquet(small / "catalogue.parquet")) == SMALL.items


def test_rows_stand_by_time_over_one_year(small: Path) -> None:
    times = purchases(small)["time"]
    assert times.is_sorted()
    assert timedelta(360) <= times[-1] - times[0] < timedelta(365)


def test_a_basket_is_one_users_at_one_time_and_holds_an_item_once(small: Path) -> None:
    rows = purchases(small)
    assert not rows.select("basket_id", "item_id").is_duplicated().any()
    baskets = rows.group_by("basket_id").agg(pl.col("user_id", "time").n_unique(), pl.len())
    assert baskets["user_id"].max() == baskets["time"].max() == 1
    assert 1.5 < len(rows) / len(baskets) < 4


def test_one_category_holds_a_hundredth_of_the_items_and_few_are_unavailable(small: Path) -> None:
    catalogue = pl.read_parquet(small / "catalogue.parquet")
    sizes = dict(catalogue["category"].value_counts().iter_rows())
    assert sizes[ONE_PERCENT] == SMALL.items // 100
    assert len(sizes) == SMALL.categories
    assert max(sizes.values()) > 3 * SMALL.items / SMALL.categories
    assert 0.01 < 1 - catalogue["available"].sum() / len(catalogue) < 0.06


def test_few_items_and_few_users_make_most_of_the_purchases(small: Path) -> None:
    rows = purchases(small)
    for column, least in (("item_id", 0.2), ("user_id", 0.15)):
        counts = np.sort(rows[column].value_counts()["count"].to_numpy())[::-1]
        assert counts[: len(counts) // 20].sum() > least * SMALL.interactions


def test_users_have_tastes(small: Path) -> None:
    """Two purchases of the same user are of the same category clearly more often than two of different users."""
    rows = purchases(small).join(pl.read_parquet(small / "catalogue.parquet"), on="item_id")
    first = rows.group_by("user_id", "item_id").agg(pl.col("category").first()).sort("user_id", "item_id")
    shuffled = first.sample(fraction=1, shuffle=True, seed=0)
    assert same_category(first) > 1.3 * same_category(shuffled)


def same_category(rows: pl.DataFrame) -> float:
    return float((rows["category"] == rows["category"].shift(1)).sum() / len(rows))


def test_users_buy_again_in_later_baskets(small: Path) -> None:
    rows = purchases(small)
    pairs = rows.select("user_id", "item_id").n_unique()
    assert 0.1 < 1 - pairs / len(rows) < 0.5


def test_the_same_size_is_the_same_shop_and_another_seed_another(small: Path, tmp_path: Path) -> None:
    for name, seed in (("same", 0), ("other", 1)):
        (tmp_path / name).mkdir()
        write_shop(Size(2_000, 1_000, 40_000, 20, 30, seed), tmp_path / name)
    assert purchases(tmp_path / "same").equals(purchases(small))
    assert not purchases(tmp_path / "other")["item_id"].equals(purchases(small)["item_id"])


def test_the_rows_are_spread_over_files(monkeypatch: pytest.MonkeyPatch, small: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(synthetic, "ROWS_A_FILE", 15_000)
    write_shop(SMALL, tmp_path)
    assert len(list((tmp_path / "purchases").iterdir())) == 3
    assert purchases(tmp_path).equals(purchases(small))


@pytest.mark.usefixtures("sizes")
def test_the_training_reads_a_shop_and_drops_nothing(tmp_path: Path) -> None:
    read = read_interactions(load_config(make_data("M", tmp_path) / "shop.toml", None), progress=False)
    assert read.frame.height == SMALL.interactions
    assert read.catalogue.height == SMALL.items
    assert set(read.frame["quantity"].unique()) >= {1.0, 2.0}


@pytest.mark.usefixtures("sizes")
def test_data_are_made_once_and_anew_for_another_size(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = make_data("M", tmp_path)
    (made / "mark").touch()
    assert make_data("M", tmp_path) == made
    assert (made / "mark").exists()
    monkeypatch.setattr(shops, "SIZES", {"M": Size(users=100, items=100, interactions=1_000, seed=3)})
    assert make_data("M", tmp_path) != made


@pytest.mark.usefixtures("sizes")
def test_a_shop_that_could_not_be_written_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(size: Size, directory: Path) -> None:
        (directory / "half").touch()
        raise OSError("no space left")

    monkeypatch.setattr(shops, "write_shop", fail)
    with pytest.raises(OSError, match="no space left"):
        make_data("M", tmp_path)
    assert list(tmp_path.iterdir()) == []


def opened(store: Path) -> Model:
    return open_model(Store(store).current_path())


@pytest.mark.usefixtures("sizes")
@pytest.mark.slow
def test_a_published_shop_answers(tmp_path: Path) -> None:
    model = opened(make_shop("M", tmp_path))
    rows = purchases(make_data("M", tmp_path))
    user_id = rows["user_id"][0]
    picks = recommend(model, Query(user_id=user_id)).scored.items.tolist()
    bought = set(rows.filter(user_id=user_id)["item_id"])
    assert len(picks) == 10
    assert not bought & {model.item_ids[item] for item in picks}
    narrow = recommend(model, Query(user_id=user_id, filters=Filters((ONE_PERCENT,)))).scored.items
    assert {model.catalogue.categories[model.catalogue.category[item]] for item in narrow} == {ONE_PERCENT}
    assert len(model.history.items) == rows.select("user_id", "item_id").n_unique()


@pytest.mark.usefixtures("sizes")
@pytest.mark.slow
def test_a_published_shop_is_kept_and_made_anew_where_it_does_not_open(tmp_path: Path) -> None:
    store = make_shop("M", tmp_path)
    version = opened(store).version
    assert make_shop("M", tmp_path) == store
    assert opened(store).version == version
    (Store(store).current_path() / "items.vectors.npy").unlink()
    make_shop("M", tmp_path)
    assert len(opened(store).item_vectors) == SMALL.items


@pytest.mark.usefixtures("sizes")
@pytest.mark.slow
def test_a_large_shop_has_neither_neighbours_nor_similar_items(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shops, "NEIGHBOURS_UP_TO", 10)
    monkeypatch.setattr(shops, "SIMILAR_UP_TO", 10)
    model = opened(make_shop("M", tmp_path))
    assert len(model.co_purchases.items) == model.similar.items.size == 0
    assert len(recommend(model, Query(user_id="U0000001")).scored) == 10

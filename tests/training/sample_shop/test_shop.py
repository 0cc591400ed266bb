"""The sample shop is what it says it is: the truth that `SampleShop` names can be measured in its files."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.support.shop import SAMPLE_LAST_DAY
from training.interactions.cleaning import bots
from training.sample_shop.catalogue import CATEGORIES, products
from training.sample_shop.demand import COMPLEMENTS, CONSUMABLES, DAYS, SEGMENTS, TREND
from training.sample_shop.shop import CATALOGUE_FILE, PURCHASES_FILE, SampleShop, generate

END = datetime.combine(SAMPLE_LAST_DAY, datetime.min.time()) + timedelta(days=1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SampleShop:
    return generate(1, tmp_path_factory.mktemp("sample") / "shop", SAMPLE_LAST_DAY)


@pytest.fixture(scope="module")
def rows(shop: SampleShop) -> pl.DataFrame:
    return pl.read_csv(shop.purchases, schema_overrides={"time": pl.Datetime("us")})


@pytest.fixture(scope="module")
def catalogue(shop: SampleShop) -> pl.DataFrame:
    return pl.read_csv(shop.catalogue)


@pytest.fixture(scope="module")
def sales(rows: pl.DataFrame) -> pl.DataFrame:
    """Clean purchases, a basket's item once."""
    return rows.filter(
        pl.col("event") == "purchase",
        pl.col("quantity") > 0,
        pl.col("price") > 0,
        pl.col("item_id").is_not_null(),
        pl.col("time").is_not_null(),
    ).unique(["basket_id", "item_id"])


def test_same_seed_and_day_same_bytes(shop: SampleShop, tmp_path: Path) -> None:
    again = generate(1, tmp_path, SAMPLE_LAST_DAY)
    assert again.purchases.read_bytes() == shop.purchases.read_bytes()
    assert again.catalogue.read_bytes() == shop.catalogue.read_bytes()
    assert again.complements == shop.complements
    assert again.tastes == shop.tastes


@pytest.mark.parametrize("days", [-1, 3, 200])
def test_on_another_day_it_is_the_same_shop(shop: SampleShop, rows: pl.DataFrame, tmp_path: Path, days: float) -> None:
    """Also where weekdays and months are others."""
    moved = generate(1, tmp_path, SAMPLE_LAST_DAY + timedelta(days=days))
    there = pl.read_csv(moved.purchases, schema_overrides={"time": pl.Datetime("us")})
    assert there.with_columns(pl.col("time") - timedelta(days=days)).equals(rows)
    assert moved.catalogue.read_bytes() == shop.catalogue.read_bytes()
    assert moved.tastes == shop.tastes


def test_another_seed_is_another_history_of_the_same_products(
    shop: SampleShop, catalogue: pl.DataFrame, tmp_path: Path
) -> None:
    other = generate(2, tmp_path, SAMPLE_LAST_DAY)
    assert other.purchases.read_bytes() != shop.purchases.read_bytes()
    assert pl.read_csv(other.catalogue).drop("available").equals(catalogue.drop("available"))


def test_a_second_run_replaces_the_files_and_leaves_nothing_else(shop: SampleShop, tmp_path: Path) -> None:
    (tmp_path / PURCHASES_FILE).write_text("half a fi")
    (tmp_path / "notes.txt").write_text("mine")
    assert generate(1, tmp_path, SAMPLE_LAST_DAY).purchases.read_bytes() == shop.purchases.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {PURCHASES_FILE, CATALOGUE_FILE, "notes.txt"}
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_size(shop: SampleShop, rows: pl.DataFrame, sales: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    assert 150_000 < rows.height < 250_000
    assert sales["user_id"].drop_nulls().n_unique() == pytest.approx(len(shop.tastes), rel=0.01)
    assert set(sales["user_id"].drop_nulls()) <= set(shop.tastes)
    assert 600 <= catalogue.height <= 800
    assert 12 <= catalogue["category"].n_unique() <= 16


def test_columns(rows: pl.DataFrame) -> None:
    assert rows.columns == ["user_id", "item_id", "time", "basket_id", "event", "quantity", "price"]
    assert set(rows["event"]) == {"purchase", "view", "cart"}
    assert rows.filter(pl.col("event") != "purchase")["basket_id"].null_count() == (
        rows.filter(pl.col("event") != "purchase").height
    )
    assert rows.filter(pl.col("event") == "purchase")["basket_id"].null_count() == 0


def test_catalogue_is_complete_and_its_ids_and_titles_unique(rows: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    assert catalogue.null_count().sum_horizontal().item() == 0
    assert catalogue["item_id"].is_unique().all()
    assert catalogue["title"].is_unique().all()
    assert catalogue["image_url"].is_unique().all()
    assert catalogue["product_url"].is_unique().all()
    assert (catalogue["price"] > 0).all()
    assert set(rows["item_id"].drop_nulls()) <= set(catalogue["item_id"])


def test_prices_are_the_catalogues(sales: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    paid = sales.join(catalogue, on="item_id")
    assert paid.height == sales.height
    assert (paid["price"] == paid["price_right"]).all()


def test_every_planted_line_exists() -> None:
    lines = {product.line for product in products()}
    named = {c.line for c in COMPLEMENTS} | {c.partner for c in COMPLEMENTS} | set(CONSUMABLES) | set(TREND)
    assert named <= lines
    assert {category for wanted in SEGMENTS.values() for category in wanted} == {c.name for c in CATEGORIES}


def test_history_is_in_order_and_within_its_days(rows: pl.DataFrame) -> None:
    times = rows["time"].drop_nulls()
    assert times.is_sorted()
    assert times[0] >= END - timedelta(days=DAYS)
    assert END - timedelta(days=1) <= times[-1] < END


def test_a_basket_has_one_buyer_and_one_time(sales: pl.DataFrame) -> None:
    per_basket = sales.group_by("basket_id").agg(pl.col("user_id").n_unique(), pl.col("time").n_unique())
    assert per_basket["user_id"].max() == 1
    assert per_basket["time"].max() == 1


def test_long_tail(sales: pl.DataFrame) -> None:
    counts = sales["item_id"].value_counts(sort=True)["count"].to_numpy()
    assert counts[: len(counts) // 5].sum() / counts.sum() > 0.5
    assert counts[-(len(counts) // 2) :].sum() / counts.sum() < 0.25


def test_customers_differ_in_activity_and_return(sales: pl.DataFrame) -> None:
    baskets = sales.drop_nulls("user_id").group_by("user_id").agg(pl.col("basket_id").n_unique())
    n_baskets = baskets["basket_id"].to_numpy()
    assert np.quantile(n_baskets, 0.9) > 2.5 * np.median(n_baskets)
    assert 0.03 < (n_baskets == 1).mean() < 0.4


def test_repeats_and_guests(sales: pl.DataFrame) -> None:
    known = sales.drop_nulls("user_id")
    first = known.select(pl.struct("user_id", "item_id").n_unique()).item()
    assert 0.25 < 1 - first / known.height < 0.5
    guests = sales.filter(pl.col("user_id").is_null())["basket_id"].n_unique()
    assert guests / sales["basket_id"].n_unique() == pytest.approx(0.2, abs=0.01)


def test_a_return_names_an_earlier_purchase_of_the_same_basket(rows: pl.DataFrame) -> None:
    returns = rows.filter(pl.col("quantity") < 0)
    bought = rows.filter(pl.col("quantity") > 0, pl.col("event") == "purchase").unique(["basket_id", "item_id"])
    assert 0.01 < returns.height / bought.height < 0.05
    matched = returns.join(bought, on=["basket_id", "item_id"])
    dirty = rows["item_id"].null_count()
    assert returns.height - dirty <= matched.height <= returns.height
    assert matched.filter(pl.col("time") <= pl.col("time_right")).is_empty()
    assert (matched["quantity"] == -matched["quantity_right"]).all()
    assert matched["user_id"].equals(matched["user_id_right"])


def test_planted_complements_are_bought_together_far_above_chance(shop: SampleShop, sales: pl.DataFrame) -> None:
    baskets = {item_id: set(group["basket_id"]) for (item_id,), group in sales.group_by("item_id")}
    n_baskets = sales["basket_id"].n_unique()
    expected = found = 0.0
    for pair in shop.complements:
        one, other = baskets[pair.item_id], baskets[pair.partner_id]
        together = len(one & other)
        assert together >= 10, pair
        assert together * n_baskets / (len(one) * len(other)) > 5, pair
        expected += pair.confidence * len(one)
        found += together
    assert len(shop.complements) > 50
    assert found == pytest.approx(expected, rel=0.1)


def test_an_espresso_machine_brings_its_beans(shop: SampleShop, catalogue: pl.DataFrame, sales: pl.DataFrame) -> None:
    title = dict(zip(catalogue["item_id"], catalogue["title"], strict=True))
    partners = {
        pair.item_id: pair.partner_id
        for pair in shop.complements
        if title[pair.item_id].startswith("Espresso machine") and "beans" in title[pair.partner_id]
    }
    assert len(partners) == 6
    for machine, beans in partners.items():
        basket_weights = sales.join(sales.filter(pl.col("item_id") == machine).select("basket_id"), on="basket_id")
        others = basket_weights.filter(pl.col("item_id") != machine)["item_id"].value_counts(sort=True)
        assert beans in others["item_id"].head(2)


def test_consumables_come_back_at_their_interval(shop: SampleShop, sales: pl.DataFrame) -> None:
    gaps = (
        sales.filter(pl.col("item_id").is_in(list(shop.consumables)))
        .drop_nulls("user_id")
        .sort("user_id", "item_id", "time")
        .select("item_id", gap=pl.col("time").diff().over("user_id", "item_id").dt.total_seconds() / 86_400)
        .drop_nulls()
        .with_columns(planted=pl.col("item_id").replace_strict(shop.consumables, return_dtype=pl.Float64))
    )
    line = {product.item_id: product.line for product in products()}
    by_line = gaps.group_by(pl.col("item_id").replace_strict(line)).agg(
        pl.col("gap").median(), pl.len(), pl.first("planted")
    )
    assert set(by_line["item_id"]) == set(CONSUMABLES)
    assert (by_line["len"] >= 200).all()
    assert by_line.filter((pl.col("gap") / pl.col("planted") - 1).abs() > 0.15).is_empty()


def test_trend(shop: SampleShop, sales: pl.DataFrame) -> None:
    def share(items: Collection[str], since_weeks: int, until_weeks: int) -> float:
        days = sales.filter(
            pl.col("time").is_between(
                END - timedelta(weeks=since_weeks), END - timedelta(weeks=until_weeks), closed="left"
            )
        )
        return days.filter(pl.col("item_id").is_in(items)).height / days.height

    assert share(shop.rising, 6, 0) > 2.5 * share(shop.rising, 30, 6)
    assert share(shop.rising, 2, 0) > 5 * share(shop.rising, 30, 6)
    assert share(shop.falling, 6, 0) < 0.6 * share(shop.falling, 30, 6)
    assert share(shop.falling, 2, 0) < 0.35 * share(shop.falling, 30, 6)


def test_new_unavailable_and_unsold(
    shop: SampleShop, rows: pl.DataFrame, sales: pl.DataFrame, catalogue: pl.DataFrame
) -> None:
    assert sales.filter(pl.col("item_id").is_in(shop.new))["item_id"].n_unique() == len(shop.new)
    assert min(sales.filter(pl.col("item_id").is_in(shop.new))["time"]) >= END - timedelta(weeks=3, days=1)
    people = rows.filter(pl.col("user_id").is_null() | ~pl.col("user_id").is_in(shop.bots))
    assert people.filter(pl.col("item_id").is_in(shop.unsold)).is_empty()
    assert set(catalogue.filter(~pl.col("available"))["item_id"]) == set(shop.unavailable)
    assert len(shop.unsold) == 5
    assert len(shop.unavailable) == 14
    partners = {pair.partner_id for pair in shop.complements}
    assert not partners & {*shop.unavailable, *shop.new, *shop.unsold}


def test_customers_buy_what_they_like(shop: SampleShop, sales: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    """What is bought once is a matter of taste: more than half of it is from the two or three categories liked."""
    category = dict(zip(catalogue["item_id"], catalogue["category"], strict=True))
    picks = sales.drop_nulls("user_id").select("user_id", "item_id").iter_rows()
    liked = Counter(category[item_id] in SEGMENTS[shop.tastes[user_id]] for user_id, item_id in picks)
    assert liked[True] / liked.total() > 0.6
    assert set(shop.tastes.values()) == set(SEGMENTS)


def test_the_bot_is_told_from_customers(shop: SampleShop, rows: pl.DataFrame) -> None:
    assert tuple(bots(rows)) == shop.bots


def test_there_is_something_to_clean(rows: pl.DataFrame) -> None:
    bought = rows.filter(pl.col("event") == "purchase")
    assert bought["item_id"].null_count() == 60
    assert bought["time"].null_count() == 25
    assert bought.filter(pl.col("price") == 0).height == 60
    assert bought.height - bought.unique().height == 150

"""A large shop's sample: whole users, always the same ones, the catalogue as it is; and what is said of it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artifacts.model.model import open_model
from artifacts.publishing.manifest import read_manifest
from artifacts.publishing.store import Store
from tests.support.events import CATALOGUE, START, Event, as_frame
from tests.support.shop import write_tiny_shop
from training.interactions import sampling
from training.interactions.interactions import Interactions, read_interactions
from training.interactions.sampling import draw_sample
from training.interactions.windows import before
from training.job import train

N_USERS, N_GUESTS, N_ITEMS = 2_000, 1_000, 300


def shop(n_users: int = N_USERS) -> Interactions:
    """Every user has two baskets and every guest one, of two items each."""
    rng = np.random.default_rng(0)
    buyers: list[tuple[str | None, str]] = [(f"u{n:05}", f"{n}-{basket}") for n in range(n_users) for basket in "ab"]
    buyers += [(None, f"g{n}") for n in range(N_GUESTS)]
    events = [
        Event(user, f"i{item:03}", basket, day=float(rng.integers(100)))
        for user, basket in buyers
        for item in rng.choice(N_ITEMS, 2, replace=False)
    ]
    frame = as_frame(events).sort("time")
    items = frame.select(pl.col("item_id").unique().sort())
    catalogue = pl.concat([pl.DataFrame(schema=CATALOGUE), items], how="diagonal")
    return Interactions(frame, catalogue, (("read", frame.height),), "here", "fingerprint")


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MAX_EVENTS", 1_000)


def rows_of(interactions: Interactions, key: str) -> dict[str, int]:
    return dict(interactions.frame.group_by(key).len().drop_nulls().iter_rows())


def test_a_shop_that_is_small_enough_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shop()
    monkeypatch.setattr(sampling, "MAX_EVENTS", whole.frame.height)
    assert draw_sample(whole) is whole


def test_a_sample_holds_about_as_many_events_as_it_may_and_all_of_its_users() -> None:
    whole = shop()
    drawn = draw_sample(whole)
    assert 800 < drawn.frame.height < 1_200
    assert set(rows_of(drawn, "user_id").items()) < set(rows_of(whole, "user_id").items())
    assert drawn.sample is not None
    assert (drawn.sample.n_users, drawn.sample.n_all_users) == (drawn.frame["user_id"].drop_nulls().n_unique(), N_USERS)
    assert drawn.catalogue is whole.catalogue


def test_guests_are_drawn_by_the_basket_as_often_as_users() -> None:
    guests = draw_sample(shop()).frame.filter(pl.col("user_id").is_null())
    baskets = dict(guests.group_by("basket_id").len().iter_rows())
    assert set(baskets.values()) == {2}
    assert 60 < len(baskets) < 140, "a tenth of them"


def test_who_is_drawn_does_not_depend_on_the_others_or_the_order_of_rows() -> None:
    whole, larger = shop(), shop(2 * N_USERS)
    drawn = set(draw_sample(whole).frame["user_id"].drop_nulls())
    shuffled = replace(whole, frame=whole.frame.sample(fraction=1, shuffle=True, seed=1))
    assert set(draw_sample(shuffled).frame["user_id"].drop_nulls()) == drawn
    of_larger = set(draw_sample(larger).frame["user_id"].drop_nulls())
    assert {user for user in of_larger if user < f"u{N_USERS:05}"} < drawn, "a larger shop has fewer of the same"


def test_an_item_is_known_from_its_first_event_in_all_of_the_shop_on() -> None:
    whole = shop()
    moment = START + timedelta(days=1)
    known = before(whole, moment).catalogue["item_id"].to_list()
    drawn = before(draw_sample(whole), moment)
    assert drawn.catalogue["item_id"].to_list() == known
    assert drawn.frame["item_id"].n_unique() < len(known) < N_ITEMS


def test_a_large_shop_is_measured_on_the_sample_and_fitted_on_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, store = write_tiny_shop(tmp_path / "shop"), Store(tmp_path / "store")
    n_events = read_interactions(config, progress=False).frame.height
    monkeypatch.setattr(sampling, "MAX_EVENTS", n_events // 2)
    train(config, store, show_progress=False, force="half of the users are few")
    version = store.current_path()
    manifest = read_manifest(version)
    evaluation = manifest.metrics["evaluation"]
    assert manifest.data["rows"] == n_events
    assert evaluation["all_users"] == manifest.data["n_users"] == len(open_model(version).user_ids)
    assert evaluation["n_users"] <= evaluation["sample_users"] < 0.8 * evaluation["all_users"]
    assert open_model(version).similar.items.shape[1] > 0

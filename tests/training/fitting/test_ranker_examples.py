"""Lessons from the past: nothing of them comes from later, and each is found once."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from artifacts.queries.ranker_features import FEATURES
from tests.support.shop import write_tiny_shop
from training.config import Config
from training.fitting import ranker_examples as module
from training.fitting.ranker import Examples
from training.fitting.ranker_examples import N_WINDOWS, STEP, WINDOW, examples_until
from training.fitting.training_run import TrainingRun
from training.interactions.interactions import Interactions, read_interactions
from training.interactions.windows import Window

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return write_tiny_shop(tmp_path_factory.mktemp("taught") / "shop")


@pytest.fixture(scope="module")
def interactions(config: Config) -> Interactions:
    return read_interactions(config, progress=False)


@pytest.fixture(scope="module")
def moment(interactions: Interactions) -> datetime:
    """Two thirds of the history lie before it."""
    times = interactions.frame["time"].sort()
    middle: datetime = times[2 * len(times) // 3]
    return middle


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MIN_USERS", 20)


@pytest.fixture(scope="module")
def run(interactions: Interactions, config: Config) -> TrainingRun:
    return TrainingRun(interactions, config, show_progress=False)


def digest(examples: Sequence[Examples]) -> str:
    arrays = [array for some in examples for array in (some.features, some.bought, some.sizes)]
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def rewritten(interactions: Interactions, moment: datetime) -> Interactions:
    """Other people buy other things for other prices from the moment on, and the catalogue knows it."""
    rng = np.random.default_rng(0)
    later = interactions.frame.filter(pl.col("time") >= moment)
    later = later.with_columns(
        pl.Series("user_id", [f"u{user}" for user in rng.integers(0, 60, later.height)]),
        pl.Series("item_id", [f"I{item:03}" for item in rng.integers(0, 30, later.height)]),
        price=pl.lit(1_000.0),
    )
    catalogue = interactions.catalogue.with_columns(price=pl.col("price") * 10, available=~pl.col("available"))
    frame = pl.concat([interactions.frame.filter(pl.col("time") < moment), later])
    return replace(interactions, frame=frame, catalogue=catalogue)


def test_nothing_later_is_learned(
    run: TrainingRun, interactions: Interactions, config: Config, moment: datetime
) -> None:
    found = examples_until(run, moment)
    other = TrainingRun(rewritten(interactions, moment), config, show_progress=False)
    assert sum(len(some.sizes) for some in found) >= 20
    assert digest(examples_until(other, moment)) == digest(found)


def test_a_day_too_much_would_be_noticed(interactions: Interactions, config: Config, moment: datetime) -> None:
    """The comparison above can fail."""
    one, other = (
        TrainingRun(shop, config, show_progress=False) for shop in (interactions, rewritten(interactions, moment - DAY))
    )
    assert digest(examples_until(one, moment)) != digest(examples_until(other, moment))


def test_examples_are_candidates_of_users_who_bought_one(run: TrainingRun, moment: datetime) -> None:
    for some in examples_until(run, moment):
        assert some.features.shape == (some.sizes.sum(), len(FEATURES))
        assert some.features.dtype == np.float32
        assert np.isfinite(some.features).all()
        assert len(some.bought) == len(some.features)
        ends = np.cumsum(some.sizes)
        assert all(bought.any() for bought in np.split(some.bought, ends[:-1]))


def test_windows_end_at_the_moment_or_before_and_each_is_found_once(
    interactions: Interactions, config: Config, moment: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Window] = []
    real = module._find

    def recording(run: TrainingRun, window: Window) -> Examples:
        asked.append(window)
        return real(run, window)

    monkeypatch.setattr(module, "_find", recording)
    run = TrainingRun(interactions, config, show_progress=False)
    first = examples_until(run, moment)
    assert [window.end for window in asked] == [moment - step * STEP for step in range(N_WINDOWS)]
    assert all(window.end - window.start == WINDOW for window in asked)
    assert examples_until(run, moment)[0] is first[0]
    examples_until(run, moment + STEP)
    assert [window.end for window in asked[N_WINDOWS:]] == [moment + STEP]


def test_too_few_customers_teach_nothing(run: TrainingRun, moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    n_users = sum(len(some.sizes) for some in examples_until(run, moment))
    monkeypatch.setattr(module, "MIN_USERS", n_users)
    assert examples_until(run, moment)
    monkeypatch.setattr(module, "MIN_USERS", n_users + 1)
    assert examples_until(run, moment) == []


def test_before_the_first_purchase_and_in_a_shop_of_guests_is_nothing_to_learn(
    interactions: Interactions, config: Config, moment: datetime
) -> None:
    guests = replace(interactions, frame=interactions.frame.with_columns(user_id=pl.lit(None, pl.String)))
    assert examples_until(TrainingRun(interactions, config, False), moment - timedelta(days=1_000)) == []
    assert examples_until(TrainingRun(guests, config, False), moment) == []


def test_a_sample_of_customers_is_the_same_every_time(
    interactions: Interactions, config: Config, moment: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_USERS", 5)
    monkeypatch.setattr(module, "MIN_USERS", 1)
    one, other = (examples_until(TrainingRun(interactions, config, False), moment) for _ in range(2))
    assert max(len(some.sizes) for some in one) <= 5
    assert digest(one) == digest(other)

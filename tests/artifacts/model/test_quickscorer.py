"""Compiled trees score as LightGBM itself does."""

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pytest

from artifacts.model.quickscorer import Forest, no_forest
from training.fitting.compile_trees import compile_forest


def score(forest: Forest, features: np.ndarray) -> np.ndarray:
    """Of (n_features, n) features, all looked up at once."""
    return forest.add_up(forest.remaining(0, features))


@pytest.mark.parametrize(("n_trees", "n_leaves"), [(1, 2), (30, 31), (50, 7)])
def test_compiled_trees_score_as_lightgbm_does(n_trees: int, n_leaves: int) -> None:
    rng = np.random.default_rng(n_leaves)
    features = rng.standard_normal((2_000, 6)).round(1).astype(np.float32)  # rounded: many values meet a threshold
    target = features[:, 0] * features[:, 1] + np.abs(features[:, 2])
    parameters = {"num_leaves": n_leaves, "use_missing": False, "verbose": -1, "num_threads": 1, "seed": 1}
    booster = lgb.train(parameters, lgb.Dataset(features, target), n_trees)
    scores = score(compile_forest(booster), features.T)
    np.testing.assert_allclose(scores, np.asarray(booster.predict(features)), rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def learned() -> tuple[lgb.Booster, npt.NDArray[np.float32]]:
    """The second and the last of five features never split: they say nothing."""
    rng = np.random.default_rng(3)
    features = rng.standard_normal((1_000, 5)).astype(np.float32)
    features[:, [1, 4]] = 7
    target = features[:, 0] * features[:, 2] + features[:, 3]
    parameters = {"num_leaves": 9, "use_missing": False, "verbose": -1, "num_threads": 1, "seed": 1}
    return lgb.train(parameters, lgb.Dataset(features, target), 20), features


def test_a_feature_that_no_tree_looks_at(learned: tuple[lgb.Booster, npt.NDArray[np.float32]]) -> None:
    booster, features = learned
    forest = compile_forest(booster)
    assert np.diff(forest.starts)[[1, 4]].tolist() == [1, 1]
    np.testing.assert_allclose(score(forest, features.T), np.asarray(booster.predict(features)), rtol=1e-4, atol=1e-5)


def test_values_at_and_beside_a_threshold_fall_on_lightgbms_side(
    learned: tuple[lgb.Booster, npt.NDArray[np.float32]],
) -> None:
    """Thresholds are float64 there and float32 here."""
    booster, features = learned
    forest = compile_forest(booster)
    for feature in (0, 2, 3):
        start, stop = (forest.starts[feature : feature + 2] - feature).tolist()
        at = forest.thresholds[start : stop - 1]
        beside = [at, np.nextafter(at, np.float32(-np.inf)), np.nextafter(at, np.float32(np.inf))]
        rows = np.repeat(features[:1], 3 * len(at), axis=0)
        rows[:, feature] = np.concatenate(beside)
        np.testing.assert_allclose(score(forest, rows.T), np.asarray(booster.predict(rows)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_first", range(6))
def test_groups_of_features_leave_together_what_all_do(
    learned: tuple[lgb.Booster, npt.NDArray[np.float32]], n_first: int
) -> None:
    booster, features = learned
    forest, rows = compile_forest(booster), features.T
    left = forest.remaining(0, rows[:n_first]) & forest.remaining(n_first, rows[n_first:])
    np.testing.assert_array_equal(forest.add_up(left), score(forest, rows))


def test_nothing_to_score(learned: tuple[lgb.Booster, npt.NDArray[np.float32]]) -> None:
    assert score(compile_forest(learned[0]), np.empty((5, 0), np.float32)).shape == (0,)
    assert len(no_forest()) == 0

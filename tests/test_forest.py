"""Compiled trees score as LightGBM itself does."""

import lightgbm as lgb
import numpy as np
import pytest

from training.forest import compile_forest


@pytest.mark.parametrize(("n_trees", "n_leaves"), [(1, 2), (30, 31), (50, 7)])
def test_compiled_trees_score_as_lightgbm_does(n_trees: int, n_leaves: int) -> None:
    rng = np.random.default_rng(n_leaves)
    features = rng.standard_normal((2_000, 6)).round(1).astype(np.float32)  # rounded: many values meet a threshold
    target = features[:, 0] * features[:, 1] + np.abs(features[:, 2])
    parameters = {"num_leaves": n_leaves, "use_missing": False, "verbose": -1, "num_threads": 1, "seed": 1}
    booster = lgb.train(parameters, lgb.Dataset(features, target), n_trees)
    scores = compile_forest(booster).score(features.T)
    np.testing.assert_allclose(scores, booster.predict(features), rtol=1e-4, atol=1e-5)

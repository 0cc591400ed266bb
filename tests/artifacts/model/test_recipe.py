"""A recipe on disk: it comes back as it was, and one of another program is refused in so many words."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from artifacts.errors import BrokenVersionError
from artifacts.model.model import open_model
from artifacts.model.recipe import RECIPE_FILE, Recipe, Weights, open_recipe
from artifacts.publishing.store import Store
from tests.support.versions import copy_of

RECIPE = Recipe(
    n_factors=8,
    regularization=30.0,
    alpha=4.0,
    event_strength=1.0,
    weights=Weights(als=0.3, newcomers=1.1, popular=0.05, trend=0.0, frequency=1),
    typical_gap_days=21.5,
    ef_search=64,
    index_recall=0.999,
    until=1_760_000_000,
)


@pytest.mark.parametrize("recipe", [RECIPE, replace(RECIPE, typical_gap_days=float("inf"), alpha=1e-9)])
def test_a_recipe_comes_back_as_it_was(tmp_path: Path, recipe: Recipe) -> None:
    recipe.save(tmp_path)
    assert open_recipe(tmp_path) == recipe


def changed(**changes: Any) -> dict[str, Any]:
    return {**asdict(RECIPE), **changes}


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in asdict(RECIPE).items() if name != key}


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (without("weights"), ["recipe.json: weights: is missing"]),
        (
            {**without("until"), "blend": 0.3},
            ["recipe.json: until: is missing", "recipe.json: blend: is not known"],
        ),
        (changed(weights={"als": 1.0, "newcomers": 0.0, "popular": 0.0, "trend": 0.0, "taste": 1.0}),
         ["recipe.json: weights.frequency: is missing", "recipe.json: weights.taste: is not known"]),
        (changed(n_factors="8"), ["recipe.json: n_factors: Input should be a valid integer"]),
    ],
)  # fmt: skip
def test_every_key_that_does_not_fit_is_named(tmp_path: Path, content: object, problems: list[str]) -> None:
    (tmp_path / RECIPE_FILE).write_text(json.dumps(content))
    with pytest.raises(BrokenVersionError) as caught:
        open_recipe(tmp_path)
    assert sorted(caught.value.problems) == sorted(problems)


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_what_is_no_recipe_at_all_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / RECIPE_FILE).write_text(text)
    with pytest.raises(BrokenVersionError, match=r"recipe\.json: \w"):
        open_recipe(tmp_path)


def test_a_version_of_an_older_layout_is_refused_by_name(tiny_store: Store, tmp_path: Path) -> None:
    directory = copy_of(tiny_store, tmp_path / "store").current_path()
    path = directory / RECIPE_FILE
    recipe = json.loads(path.read_text())
    del recipe["weights"]
    path.write_text(json.dumps(recipe))
    with pytest.raises(BrokenVersionError) as caught:
        open_model(directory)
    assert str(caught.value) == f"{directory}: recipe.json: weights: is missing"

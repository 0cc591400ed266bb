"""The fitted numbers that turn a model's arrays into scores."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from artifacts.errors import BrokenVersionError

RECIPE_FILE = "recipe.json"
# What an event counts for where the shop does not say: a look tells little, but more than nothing.
EVENT_WEIGHTS: Mapping[str, float] = {"purchase": 1.0, "cart": 0.3, "view": 0.1}
_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class Weights:
    """What each part of a user's score for an item counts for. The score is

    als x_u . y_i + newcomers x_u . z_i / |x_u| + popular p_i + trend t_i + frequency f_ui

    with y_i the item's ALS factors, z_i the mean taste of those who recently bought it for the first time, p_i and t_i
    its popularity and trend, and f_ui the user's own frequency.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    als: float
    newcomers: float
    popular: float
    trend: float
    frequency: float


@dataclass(frozen=True)
class Recipe:
    """How a version was fitted and how its parts are weighed.

    `regularization` and `alpha` are those of Hu, Koren and Volinsky 2008; a fresh purchase has the interaction
    strength `event_strength` (r_ui, before alpha).
    `typical_gap_days` is the median time between two purchases of the same item by the same user.
    `ef_search` is how far an approximate index is searched, `index_recall` its recall@10 against exact search.
    `until` is the time of the newest event, in Unix seconds: the "now" of every answer. `event_weights` says what an
    event of each of the live store's types counts for, as training weighs it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    n_factors: int
    regularization: float
    alpha: float
    event_strength: float
    weights: Weights
    typical_gap_days: float
    ef_search: int
    index_recall: float
    until: int
    event_weights: Mapping[str, float] = field(
        default_factory=lambda: {**EVENT_WEIGHTS, "click": EVENT_WEIGHTS["view"]}
    )

    def save(self, directory: Path) -> None:
        (directory / RECIPE_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n")


_RECIPE = TypeAdapter(Recipe)


def open_recipe(directory: Path) -> Recipe:
    """Read a version's recipe. Raises BrokenVersionError, naming every key that is missing, not known or malformed, and
    OSError where the file cannot be read."""
    text = (directory / RECIPE_FILE).read_bytes()
    try:
        return _RECIPE.validate_json(text)
    except ValidationError as error:
        raise BrokenVersionError(directory, *map(_problem, error.errors())) from error


def _problem(detail: ErrorDetails) -> str:
    key = ".".join(map(str, detail["loc"]))
    what = {"missing": "is missing", "unexpected_keyword_argument": "is not known"}.get(detail["type"], detail["msg"])
    return f"{RECIPE_FILE}: {key}: {what}" if key else f"{RECIPE_FILE}: {what}"

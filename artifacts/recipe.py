"""The fitted numbers that turn a model's arrays into scores."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

RECIPE_FILE = "recipe.json"


@dataclass(frozen=True)
class Recipe:
    """How a version was fitted and how its parts are weighed.

    `regularization` and `alpha` are those of Hu, Koren and Volinsky 2008; a fresh purchase has the interaction
    strength `event_strength` (r_ui, before alpha). A user's score for an item is

        als_weight x_u . y_i + popular_weight p_i + trend_weight t_i + frequency_weight f_ui

    with p_i and t_i the item's popularity and trend columns and f_ui the user's own frequency.
    `typical_gap_days` is the median time between two purchases of the same item by the same user.
    `ef_search` is how far an approximate index is searched, `index_recall` its recall@10 against exact search.
    `until` is the time of the newest event, in Unix seconds: the "now" of every answer.
    """

    n_factors: int
    regularization: float
    alpha: float
    event_strength: float
    als_weight: float
    popular_weight: float
    trend_weight: float
    frequency_weight: float
    typical_gap_days: float
    ef_search: int
    index_recall: float
    until: int

    def save(self, directory: Path) -> None:
        (directory / RECIPE_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n")


def open_recipe(directory: Path) -> Recipe:
    """Read a version's recipe; TypeError or ValueError when it is not one."""
    return Recipe(**json.loads((directory / RECIPE_FILE).read_text()))

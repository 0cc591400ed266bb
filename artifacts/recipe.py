"""The fitted numbers that turn a model's arrays into scores."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

RECIPE_FILE = "recipe.json"


@dataclass(frozen=True)
class Weights:
    """What each part of a user's score for an item counts for. The score is

    als x_u . y_i + newcomers x_u . z_i / |x_u| + popular p_i + trend t_i + frequency f_ui

    with y_i the item's ALS factors, z_i the mean taste of those who lately bought it for the first time, p_i and t_i
    its popularity and trend, and f_ui the user's own frequency.
    """

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
    `until` is the time of the newest event, in Unix seconds: the "now" of every answer.
    """

    n_factors: int
    regularization: float
    alpha: float
    event_strength: float
    weights: Weights
    typical_gap_days: float
    ef_search: int
    index_recall: float
    until: int

    def save(self, directory: Path) -> None:
        (directory / RECIPE_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n")


def open_recipe(directory: Path) -> Recipe:
    """Read a version's recipe; TypeError, KeyError or ValueError when it is not one."""
    fields = json.loads((directory / RECIPE_FILE).read_text())
    return Recipe(**{**fields, "weights": Weights(**fields["weights"])})

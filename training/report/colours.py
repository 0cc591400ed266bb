"""What each colour of the report stands for: a meaning keeps its colour in every chart, and shares it with no other."""

from collections.abc import Mapping

from training.evaluation.baselines import RECENT_SALES_DAYS
from training.evaluation.results import RECIPE

BOUGHT = "purchases in the window"
HISTORY = "published versions"

# Each stands out from white by at least 3 to 1 (WCAG 2.2, 1.4.11).
COLOURS: Mapping[str, str] = {
    RECIPE: "#0b5d66",
    BOUGHT: "#1a1a1a",
    HISTORY: "#64748b",
    "popularity, all time": "#8a6508",
    f"popularity, last {RECENT_SALES_DAYS} days": "#bb8200",
    "personal frequency, then popularity": "#c2410c",
    "item-kNN, cosine": "#6d28a8",
    "item-kNN, BM25": "#b565d8",
    "EASE": "#2f7d32",
    "implicit ALS, defaults": "#1d5fd0",
    "iALS++ (irspack)": "#0a8fbd",
    "co-purchase count": "#94123a",
    "lift": "#e0447c",
    "cosine": "#5c4033",
    "Jaccard": "#6b8e00",
}
UNNAMED = "#919191"
# Told from a line beside it without its colour, too.
DASHES: Mapping[str, str] = {BOUGHT: "6 3"}


def colour_of(meaning: str) -> str:
    """Of a model, or of what else is drawn, by its name; grey where it has none of its own."""
    return COLOURS.get(meaning, UNNAMED)


def dashes_of(meaning: str) -> str:
    """How its lines are broken, as `stroke-dasharray` says it."""
    return DASHES.get(meaning, "none")

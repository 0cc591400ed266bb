"""Where the search for hyper-parameters looks."""

from typing import Any

from optuna.trial import Trial

from training.config import ModelSettings

# On a logarithmic scale; what is configured is always within.
RANGES: dict[str, tuple[float, float]] = {
    "factors": (16, 256),
    "regularization": (0.1, 300.0),
    "alpha": (0.3, 40.0),
    "iterations": (5, 30),
    "half_life_days": (7.0, 730.0),
}
WEIGHTINGS = ("binary", "count", "log", "bm25")
TUNED = (*RANGES, "weighting")


def suggest(trial: Trial, configured: ModelSettings) -> dict[str, Any]:
    """The settings of [model] that a trial is to be made with."""
    decays = trial.suggest_categorical("decays", [True, False])
    return {
        "factors": _suggest_int(trial, "factors", configured),
        "regularization": _suggest_float(trial, "regularization", configured),
        "alpha": _suggest_float(trial, "alpha", configured),
        "iterations": _suggest_int(trial, "iterations", configured),
        "weighting": trial.suggest_categorical("weighting", WEIGHTINGS),
        "half_life_days": _suggest_float(trial, "half_life_days", configured) if decays else 0.0,
    }


def _suggest_int(trial: Trial, key: str, configured: ModelSettings) -> int:
    low, high = range_of(key, configured)
    return trial.suggest_int(key, int(low), int(high), log=True)


def _suggest_float(trial: Trial, key: str, configured: ModelSettings) -> float:
    """To three digits, which a person can read, but for what is configured."""
    low, high = range_of(key, configured)
    value = trial.suggest_float(key, low, high, log=True)
    return value if value == getattr(configured, key) else float(f"{value:.3g}")


def range_of(key: str, configured: ModelSettings) -> tuple[float, float]:
    """The lowest and the highest value of a setting that are tried."""
    low, high = RANGES[key]
    value = getattr(configured, key) or low
    return min(low, value), max(high, value)


def as_params(model: ModelSettings) -> dict[str, Any]:
    """The settings as the search knows them: no decay is a choice of its own."""
    settings = model.model_dump(include=set(TUNED))
    decays = model.half_life_days > 0
    return {"decays": decays} | {key: value for key, value in settings.items() if decays or key != "half_life_days"}

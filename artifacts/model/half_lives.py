"""How much of what happened still counts: every half-life there is, and the decay they stand for."""

import math
from typing import overload

import numpy as np
import numpy.typing as npt

SECONDS_PER_DAY = 86_400

# Half-lives, in days.
RECENT_DAYS = 14.0  # what sells now, and who recently came to an item
# A habit outlives a taste: the user's own frequency decays more slowly than what ALS is fitted on.
FREQUENCY_DAYS = 180.0
CO_OCCURRENCE_DAYS = 90.0
BASKET_DAYS = 120.0  # of the baskets that basket weights are fitted on
BASELINE_DAYS = 30.0  # the evaluation's baseline of what a user bought recently


@overload
def decay(age: float, half_life_days: float) -> float: ...


@overload
def decay(age: npt.NDArray[np.number], half_life_days: float) -> npt.NDArray[np.float64]: ...


def decay(age: float | npt.NDArray[np.number], half_life_days: float) -> float | npt.NDArray[np.float64]:
    """2^(-age / half-life) of an age in seconds: 1 now, a half after a half-life, more than 1 for what is yet to come.

    A half-life of 0 is no decay.
    """
    remaining: npt.NDArray[np.float64] = np.exp2(-(age / SECONDS_PER_DAY) / (half_life_days or math.inf))
    return remaining

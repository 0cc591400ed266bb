import numpy as np
import pytest

from artifacts.model.half_lives import SECONDS_PER_DAY, decay


@pytest.mark.parametrize(
    ("age_days", "expected"), [(0, 1.0), (10, 0.5), (20, 0.25), (5, 2**-0.5), (100, 2**-10), (-10, 2)]
)
def test_decay_halves_with_every_half_life(age_days: int, expected: float) -> None:
    assert decay(age_days * SECONDS_PER_DAY, 10.0) == pytest.approx(expected)
    assert decay(np.array([age_days * SECONDS_PER_DAY]), 10.0) == pytest.approx([expected])


def test_no_half_life_is_no_decay() -> None:
    assert decay(1_700_000_000, 0) == 1
    assert decay(np.array([0, 1_700_000_000]), 0).tolist() == [1.0, 1.0]

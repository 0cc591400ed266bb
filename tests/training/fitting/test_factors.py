import numpy as np
import pytest
from scipy.sparse import csr_array

from training.config import ModelSettings
from training.fitting.factors import fit_factors

N = 50


def checkerboard() -> csr_array:
    """(N, N): user u has item i where both are even or both are odd, but none has the item of their own number."""
    user, item = np.indices((N, N))
    return csr_array((((user + item) % 2 == 0) & (user != item)).astype(np.float32))


def test_the_missing_squares_of_a_checkerboard_are_filled_in() -> None:
    """Each user is missing a single item of their colour: of those they do not have, that is the best."""
    matrix = checkerboard()
    settings = ModelSettings(factors=2, regularization=0.01, alpha=2.0, iterations=15)
    factors = fit_factors(matrix, settings, show_progress=False)
    scores = factors.users @ factors.items.T
    colour = (np.arange(N)[:, np.newaxis] + np.arange(N)) % 2 == 0
    assert scores[colour].min() > 0.97
    assert np.abs(scores[~colour]).max() < 0.001


def test_shapes_and_dtypes() -> None:
    matrix = csr_array(np.eye(4, 7, dtype=np.float32))
    factors = fit_factors(matrix, ModelSettings(factors=5, iterations=2), show_progress=False)
    assert factors.users.shape == (4, 5)
    assert factors.items.shape == (7, 5)
    assert factors.users.dtype == factors.items.dtype == np.float32


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    one, again, other = (
        fit_factors(checkerboard(), ModelSettings(factors=8, seed=seed), show_progress=False) for seed in (3, 3, 4)
    )
    assert one.users.tobytes() == again.users.tobytes()
    assert one.items.tobytes() == again.items.tobytes()
    assert one.users.tobytes() != other.users.tobytes()


def test_rows_that_nobody_filled_are_zero_and_the_others_are_not() -> None:
    matrix = checkerboard().toarray()
    matrix[3] = 0
    matrix[:, [7, 8]] = 0
    factors = fit_factors(
        csr_array(matrix), ModelSettings(factors=8, alpha=5.0, regularization=0.1), show_progress=False
    )
    assert np.flatnonzero(~factors.users.any(axis=1)).tolist() == [3]
    assert np.flatnonzero(~factors.items.any(axis=1)).tolist() == [7, 8]


@pytest.mark.parametrize("shape", [(0, 3), (2, 3)])
def test_nothing_to_fit_is_all_zero(shape: tuple[int, int]) -> None:
    factors = fit_factors(csr_array(np.zeros(shape, np.float32)), ModelSettings(factors=4), show_progress=False)
    assert factors.users.tolist() == [[0.0] * 4] * shape[0]
    assert factors.items.tolist() == [[0.0] * 4] * shape[1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1)])
def test_more_factors_than_users_or_items(shape: tuple[int, int]) -> None:
    matrix = csr_array(np.ones(shape, np.float32))
    factors = fit_factors(matrix, ModelSettings(factors=64, regularization=0.01), show_progress=False)
    assert np.isfinite(factors.users).all()
    np.testing.assert_allclose(factors.users @ factors.items.T, np.ones(shape), atol=0.1)


def test_progress_is_labelled_and_counts_every_iteration(capfd: pytest.CaptureFixture[str]) -> None:
    fit_factors(checkerboard(), ModelSettings(factors=2, iterations=3), show_progress=False)
    assert capfd.readouterr().err == ""
    fit_factors(checkerboard(), ModelSettings(factors=2, iterations=3), show_progress=True)
    bars = capfd.readouterr().err.strip().split("\r")
    assert all(bar.startswith("ALS: ") for bar in bars)
    assert "3/3" in bars[-1]

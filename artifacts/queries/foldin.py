"""A user's vector from a handful of interactions, exactly as ALS would solve for it."""

import numpy as np
import numpy.typing as npt

from artifacts.model.model import Model

Vector = npt.NDArray[np.float32]


def fold_in(model: Model, items: npt.NDArray[np.int32], strength: Vector) -> Vector:
    """x_u = (Y^T Y + Y^T (C_u - I) Y + lambda I)^-1 Y^T C_u p(u): Hu, Koren and Volinsky 2008, eq. 4.

    `items` (m,) are distinct item indexes and `strength` (m,) their positive r_ui, so that C_u has alpha r_ui on
    its diagonal (implicit's convention) and p(u) is 1. Answers (n_factors,) float32.
    """
    factors, confidence = _observed(model, items, strength)
    solution = np.linalg.solve(_normal_matrix(model, factors, confidence), factors.T @ confidence)
    return solution.astype(np.float32)


def contributions(
    model: Model, items: npt.NDArray[np.int32], strength: Vector, directions: Vector
) -> npt.NDArray[np.float32]:
    """How much each interaction adds to x_u . d for each of the directions (n, n_factors) d.

    Answers (n, m) float32, whose rows sum to what `fold_in` of the same items gives. With an item's factors for d it
    is Hu, Koren and Volinsky 2008, section 5, eq. 7.
    """
    factors, confidence = _observed(model, items, strength)
    weighted = np.linalg.solve(_normal_matrix(model, factors, confidence), directions.astype(np.float64).T)
    return np.asarray((factors @ weighted).T * confidence, np.float32)


def _observed(
    model: Model, items: npt.NDArray[np.int32], strength: Vector
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return model.item_factors[items].astype(np.float64), model.recipe.alpha * strength.astype(np.float64)


def _normal_matrix(
    model: Model, factors: npt.NDArray[np.float64], confidence: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    matrix = model.gram + factors.T @ (factors * (confidence - 1.0)[:, np.newaxis])
    matrix[np.diag_indices_from(matrix)] += model.recipe.regularization
    return matrix

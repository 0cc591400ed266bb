"""A user's vector from a handful of interactions, exactly as ALS would solve for it."""

import math

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
    matrix, right = model.gram.copy(), np.zeros(model.recipe.n_factors)
    for row, weight in zip(factors, confidence.tolist(), strict=True):
        matrix += np.outer((weight - 1.0) * row, row)
        right += weight * row
    matrix[np.diag_indices_from(matrix)] += model.recipe.regularization
    return _solve(matrix, right).astype(np.float32)


def _solve(matrix: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The solution of a positive definite system, of whose matrix only the upper half is read; both are written over.

    Cholesky's method, a row at a time: LAPACK's last bits are another processor's, and no compiled code's.
    """
    for pivot in range(len(right)):
        matrix[pivot, pivot:] /= math.sqrt(matrix[pivot, pivot])
        right[pivot] /= matrix[pivot, pivot]
        below = matrix[pivot, pivot + 1 :]
        right[pivot + 1 :] -= below * right[pivot]
        matrix[pivot + 1 :, pivot + 1 :] -= np.outer(below, below)
    for pivot in range(len(right) - 1, -1, -1):
        right[pivot] /= matrix[pivot, pivot]
        right[:pivot] -= matrix[:pivot, pivot] * right[pivot]
    return right


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

"""A user's vector from a handful of interactions, as `artifacts.queries.foldin` solves for it."""

import math

import numpy as np
import numpy.typing as npt

from artifacts.core.steps.compiled import compiled

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float32]


@compiled
def fold_in(
    gram: Matrix,
    vectors: Vector,
    items: npt.NDArray[np.int32],
    strength: Vector,
    alpha: float,
    regularization: float,
    matrix: Matrix,
    right: npt.NDArray[np.float64],
    vector: Vector,
) -> None:
    """Write the vector (n_factors,) of who has interactions of a strength (m,) with items (m,).

    `matrix` (n_factors, n_factors) and `right` (n_factors,) are written over: the normal matrix, of which the upper
    half is made and used, and the right side.
    """
    n = len(vector)
    for row in range(n):
        right[row] = 0
        for column in range(row, n):
            matrix[row, column] = gram[row, column]
    for place in range(len(items)):
        _add_item(vectors, items[place], alpha * np.float64(strength[place]), matrix, right)
    for row in range(n):
        matrix[row, row] += regularization
    _solve(matrix, right)
    for row in range(n):
        vector[row] = right[row]


@compiled
def _add_item(vectors: Vector, item: int, confidence: float, matrix: Matrix, right: npt.NDArray[np.float64]) -> None:
    factors = vectors[item]
    for row in range(len(right)):
        factor = np.float64(factors[row])
        right[row] += confidence * factor
        weighed = (confidence - 1.0) * factor
        for column in range(row, len(right)):
            matrix[row, column] += weighed * np.float64(factors[column])


@compiled
def _solve(matrix: Matrix, right: npt.NDArray[np.float64]) -> None:
    """Put the solution in the right side's place, by Cholesky's method."""
    n = len(right)
    for pivot in range(n):
        root = math.sqrt(matrix[pivot, pivot])
        for column in range(pivot, n):
            matrix[pivot, column] /= root
        right[pivot] /= matrix[pivot, pivot]
        for row in range(pivot + 1, n):
            much = matrix[pivot, row]
            right[row] -= much * right[pivot]
            for column in range(row, n):
                matrix[row, column] -= much * matrix[pivot, column]
    for pivot in range(n - 1, -1, -1):
        right[pivot] /= matrix[pivot, pivot]
        for row in range(pivot):
            right[row] -= matrix[row, pivot] * right[pivot]

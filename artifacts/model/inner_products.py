"""Inner products whose every addition has its place, so that all that compute one get the same bits."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

LANES = 16

Number = TypeVar("Number", np.float32, np.float64)


def inner_products(rows: npt.NDArray[Number], query: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """(n,) of `rows` (n, n_dimensions) with one vector (n_dimensions,) or each with its own, (n, n_dimensions), or of
    one row (n_dimensions,) with each of the queries (n, n_dimensions); in the numbers they are given in.

    Product j is added to the sum j % LANES, in turns; then one half of the sums to the other until one is left, and to
    that one by one the products of an incomplete last turn. So a row's is the same whichever rows it is computed
    with, on every processor, and in the compiled core, unlike a matrix product's.
    """
    products = np.atleast_2d(rows * query)
    whole = products.shape[1] - products.shape[1] % LANES
    sums = np.zeros_like(products, shape=(len(products), LANES))
    for start in range(0, whole, LANES):
        sums += products[:, start : start + LANES]
    while sums.shape[1] > 1:
        half = sums.shape[1] // 2
        sums = sums[:, :half] + sums[:, half:]
    total = sums[:, 0]
    for place in range(whole, products.shape[1]):
        total = total + products[:, place]
    return total

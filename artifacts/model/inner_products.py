"""Inner products that are the same to the last bit, whatever they are computed along with and whoever computes them."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

LANE_BYTES = 16  # of the sums that products are added to in turns
UNROLLED = 4  # products of each that are added in one go, the last of them first

Number = TypeVar("Number", np.float32, np.float64)


def inner_products(rows: npt.NDArray[Number], query: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """(n,) of `rows` (n, n_dimensions) with one vector (n_dimensions,) or each with its own, (n, n_dimensions).

    A row's is the same whichever rows it is computed with and whatever kernel BLAS has for the machine, unlike a matrix
    product's and NumPy's other inner products: `einsum` adds up by NumPy's own loop.
    """
    products: npt.NDArray[Number] = np.einsum("...d,...d->...", rows, query)
    return products


def sum_in_lanes(products: npt.NDArray[Number]) -> Number:
    """The sum of products (n,) in the order of NumPy's loop on x86-64, which compiled code keeps as well."""
    lanes = LANE_BYTES // products.itemsize
    whole = len(products) - len(products) % (UNROLLED * lanes)
    sums = np.zeros(lanes, products.dtype)
    for start in range(0, whole, UNROLLED * lanes):
        for part in reversed(range(UNROLLED)):
            sums += products[start + part * lanes :][:lanes]
    for start in range(whole, len(products), lanes):
        part_of_turn = products[start : start + lanes]
        sums[: len(part_of_turn)] += part_of_turn
    while len(sums) > 1:
        sums = sums[0::2] + sums[1::2]
    total: Number = sums[0]
    return total


def adds_up_in_lanes() -> bool:
    """Whether NumPy's loop has that order here, as it has not where it multiplies and adds in one step."""
    rng = np.random.default_rng(0)
    return all(
        inner_products(one, other) == sum_in_lanes(one * other)
        for n in (1, 7, 18, 64, 130)
        for kind in (np.float32, np.float64)
        for one, other in [rng.normal(size=(2, n)).astype(kind)]
    )

"""What compiles the steps."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])
# Sums in the order written, a division by zero as NumPy's, and no memory to count references to.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "no_cpython_wrapper": True, "_nrt": False}


def compiled(function: Function) -> Function:
    """A function that Numba compiles."""
    return cast(Function, njit(**OPTIONS)(function))

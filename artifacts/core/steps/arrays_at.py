"""Arrays at addresses: how compiled code sees what NumPy holds, and copies none of it."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

Table = npt.NDArray[np.int64]


def _array(kind: Any, n_dimensions: int) -> Callable[[Table, int], Any]:
    """What opens the array of a kind that a table (3 n_arrays,) of int64 has at a place: its address, its length, and
    that of its rows."""

    def array(_: Any, table: Any, place: Any) -> Any:
        opened = types.Array(kind, n_dimensions, "C")

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            numbers = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            first = builder.mul(arguments[1], arguments[1].type(3))
            address, *shape = (
                builder.load(builder.gep(numbers, [builder.add(first, first.type(offset))]))
                for offset in range(1 + n_dimensions)
            )
            return _open(context, builder, opened, address, shape)

        return opened(table, types.int64), generate

    return cast(Callable[[Table, int], Any], intrinsic(array))


def _table(_: Any, address: Any, length: Any) -> Any:
    opened = types.Array(types.int64, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _open(context, builder, opened, arguments[0], [arguments[1]])

    return opened(types.int64, types.int64), generate


def _open(context: Any, builder: Any, opened: Any, address: Any, shape: list[Any]) -> Any:
    size = context.get_abi_sizeof(context.get_data_type(opened.dtype))
    strides = [builder.mul(length, length.type(size)) for length in shape[1:]] + [shape[0].type(size)]
    array = context.make_array(opened)(context, builder)
    data = builder.inttoptr(address, array.data.type)
    populate_array(  # type: ignore[no-untyped-call]
        array, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None
    )
    return array._getvalue()  # the array as LLVM has it; Numba has no other name for that


uint8, uint32, int32, int64 = (_array(kind, 1) for kind in (types.uint8, types.uint32, types.int32, types.int64))
float32, float64 = _array(types.float32, 1), _array(types.float64, 1)
uint32_rows, float32_rows, float64_rows = (_array(kind, 2) for kind in (types.uint32, types.float32, types.float64))
# The table (length,) int64 at an address.
table_at = cast(Callable[[int, int], Table], intrinsic(_table))

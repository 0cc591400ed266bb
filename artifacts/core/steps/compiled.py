"""What compiles the steps, and what they need that Python cannot say: an array at an address, sums in lanes."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from artifacts.model.inner_products import LANES

Function = TypeVar("Function", bound=Callable[..., Any])
Table = npt.NDArray[np.int64]


def compiled(function: Function) -> Function:
    """A function that Numba compiles: sums in the order written, and a division by zero as NumPy's."""
    return cast(Function, njit(error_model="numpy", no_cpython_wrapper=True, _nrt=False)(function))


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


def _open(context: Any, builder: Any, opened: Any, address: Any, shape: list[Any]) -> Any:
    size = context.get_abi_sizeof(context.get_data_type(opened.dtype))
    strides = [builder.mul(length, length.type(size)) for length in shape[1:]] + [shape[0].type(size)]
    array = context.make_array(opened)(context, builder)
    data = builder.inttoptr(address, array.data.type)
    populate_array(array, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return array._getvalue()


uint8, uint32, int32, int64 = (_array(kind, 1) for kind in (types.uint8, types.uint32, types.int32, types.int64))
float32, float64 = _array(types.float32, 1), _array(types.float64, 1)
uint32_rows, float32_rows, float64_rows = (_array(kind, 2) for kind in (types.uint32, types.float32, types.float64))


@intrinsic  # type: ignore[untyped-decorator]
def table_at(_: Any, pointer: Any, length: Any) -> Any:
    """The int64 array that a pointer points at."""
    opened = types.Array(types.int64, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _open(context, builder, opened, arguments[0], [arguments[1]])

    return opened(types.int64, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def bits_of(_: Any, number: Any) -> Any:
    """The bits of a float32, as uint32."""
    return types.uint32(types.float32), _reinterpret


@intrinsic  # type: ignore[untyped-decorator]
def number_of(_: Any, bits: Any) -> Any:
    """The float64 of an int64's bits."""
    return types.float64(types.int64), _reinterpret


def _reinterpret(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))


@intrinsic  # type: ignore[untyped-decorator]
def inner_product(_: Any, rows: Any, start: Any, others: Any, other_start: Any, n: Any) -> Any:
    """The inner product of n numbers of two arrays, each from its own start on, as `inner_products` defines it.

    Written down in LLVM's words, since its optimiser does not find the lanes by itself.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(signature.args[0].dtype)
        return _sum_in_lanes(builder, kind, *_pointers(context, builder, signature, arguments), arguments[4])

    return rows.dtype(rows, start, others, other_start, n), generate


def _pointers(context: Any, builder: Any, signature: Any, arguments: Any) -> list[Any]:
    """To the first number of each of the two arrays."""
    found = []
    for place in (0, 2):
        array = context.make_array(signature.args[place])(context, builder, arguments[place])
        found.append(builder.gep(array.data, [arguments[place + 1]]))
    return found


def _sum_in_lanes(builder: Any, kind: Any, one: Any, other: Any, n: Any) -> Any:
    """Products are added to LANES sums in turns, the halves of the sums to each other until one is left, and to that
    one what products remain."""
    lanes = ir.VectorType(kind, LANES)
    whole = builder.and_(n, ir.Constant(n.type, -LANES))
    sums = cgutils.alloca_once_value(builder, ir.Constant(lanes, [0.0] * LANES))
    with cgutils.for_range_slice(builder, n.type(0), whole, n.type(LANES)) as (at, _):
        read = [
            builder.load(builder.bitcast(builder.gep(pointer, [at]), lanes.as_pointer()), align=kind_bytes(kind))
            for pointer in (one, other)
        ]
        builder.store(builder.fadd(builder.load(sums), builder.fmul(*read)), sums)
    total = cgutils.alloca_once_value(builder, _halved(builder, builder.load(sums), LANES))
    with cgutils.for_range_slice(builder, whole, n, n.type(1)) as (at, _):
        product = builder.fmul(*(builder.load(builder.gep(pointer, [at])) for pointer in (one, other)))
        builder.store(builder.fadd(builder.load(total), product), total)
    return builder.load(total)


def kind_bytes(kind: Any) -> int:
    """What a number takes."""
    return 8 if isinstance(kind, ir.DoubleType) else 4


def _halved(builder: Any, sums: Any, size: int) -> Any:
    while size > 1:
        size //= 2
        halves = [
            builder.shuffle_vector(sums, sums, ir.Constant(ir.VectorType(ir.IntType(32), size), list(places)))
            for places in (range(size), range(size, 2 * size))
        ]
        sums = builder.fadd(*halves)
    return builder.extract_element(sums, ir.Constant(ir.IntType(32), 0))

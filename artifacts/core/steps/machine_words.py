"""What processors can do and Python cannot say, in LLVM's language: sums in lanes, and numbers seen as bits."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from artifacts.model.inner_products import LANE_BYTES, UNROLLED


def _inner_product(_: Any, rows: Any, start: Any, others: Any, other_start: Any, n: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(signature.args[0].dtype)
        one, other = _pointers(context, builder, signature, arguments)
        return _sum_in_lanes(builder, kind, one, other, arguments[4])

    return rows.dtype(rows, types.int64, others, types.int64, types.int64), generate


def _pointers(context: Any, builder: Any, signature: Any, arguments: Any) -> list[Any]:
    """To the first number of each of the two arrays."""
    found = []
    for place in (0, 2):
        array = context.make_array(signature.args[place])(context, builder, arguments[place])
        found.append(builder.gep(array.data, [arguments[place + 1]]))
    return found


def _sum_in_lanes(builder: Any, kind: Any, one: Any, other: Any, n: Any) -> Any:
    """As `sum_in_lanes` adds up products."""
    lanes = LANE_BYTES // _bytes(kind)
    vector, turn = ir.VectorType(kind, lanes), UNROLLED * lanes
    sums = _variable(builder, ir.Constant(vector, [0.0] * lanes))

    def add(at: Any) -> None:
        read = [
            builder.load(builder.bitcast(builder.gep(pointer, [at]), vector.as_pointer()), align=_bytes(kind))
            for pointer in (one, other)
        ]
        builder.store(builder.fadd(builder.fmul(*read), builder.load(sums)), sums)

    turns, whole = (builder.and_(n, n.type(-size)) for size in (turn, lanes))
    with cgutils.for_range_slice(builder, n.type(0), turns, n.type(turn)) as (at, _):
        for part in reversed(range(UNROLLED)):
            add(builder.add(at, at.type(part * lanes)))
    with cgutils.for_range_slice(builder, turns, whole, n.type(lanes)) as (at, _):
        add(at)
    for lane in range(lanes - 1):
        place = builder.add(whole, whole.type(lane))
        with builder.if_then(builder.icmp_signed("<", place, n)):
            product = builder.fmul(*(builder.load(builder.gep(pointer, [place])) for pointer in (one, other)))
            _add_to_lane(builder, sums, lane, product)
    return _halved(builder, builder.load(sums), lanes)


def _add_to_lane(builder: Any, sums: Any, lane: int, product: Any) -> None:
    place = ir.Constant(ir.IntType(32), lane)
    before = builder.load(sums)
    after = builder.fadd(product, builder.extract_element(before, place))
    builder.store(builder.insert_element(before, after, place), sums)


def _bytes(kind: Any) -> int:
    """What a number takes."""
    return 8 if isinstance(kind, ir.DoubleType) else 4


def _halved(builder: Any, sums: Any, size: int) -> Any:
    """The sum of the lanes: neighbours first."""
    while size > 1:
        size //= 2
        halves = [
            builder.shuffle_vector(sums, sums, ir.Constant(ir.VectorType(ir.IntType(32), size), list(places)))
            for places in (range(0, 2 * size, 2), range(1, 2 * size, 2))
        ]
        sums = builder.fadd(*halves)
    return builder.extract_element(sums, ir.Constant(ir.IntType(32), 0))


def _variable(builder: Any, value: Any) -> Any:
    return cgutils.alloca_once_value(builder, value)  # type: ignore[no-untyped-call]


def _lowest_bit(_: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.zext(builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0)), ir.IntType(64))

    return types.int64(types.uint32), generate


def _bits_of(_: Any, number: Any) -> Any:
    return types.uint32(types.float32), _reinterpret


def _number_of(_: Any, bits: Any) -> Any:
    return types.float64(types.int64), _reinterpret


def _reinterpret(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))


# (rows, start, others, other_start, n): of n numbers of two arrays, each from its own start on, as `inner_products`
# defines it. LLVM's optimiser does not find the lanes by itself.
inner_product = cast(Callable[[Any, int, Any, int, int], Any], intrinsic(_inner_product))
# The place of the lowest bit that is set, 32 where none is.
lowest_bit = cast(Callable[[np.uint32], int], intrinsic(_lowest_bit))
# A float32's bits, and the float64 of an int64's.
bits_of = cast(Callable[[np.float32], np.uint32], intrinsic(_bits_of))
number_of = cast(Callable[[int], float], intrinsic(_number_of))

"""Arithmetic that Numba cannot express: 32-bit integers, and sums across lanes.

Numba widens every integer to 64 bits, which halves the values per vector instruction. Its min()
and max() handle NaNs, which prevents vector instructions. A loop over short rows is vectorised
badly, as each row ends in one number. Here many rows are reduced together, by halves, as LLVM
vectors, for any processor and any register width.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = [
    "FACTOR",
    "FACTOR_ROWS",
    "ROW",
    "ROWS_TOGETHER",
    "add_uint32",
    "as_float32",
    "as_uint32",
    "greater",
    "greater_lanes",
    "lesser",
    "lesser_lanes",
    "or_uint32",
    "reduce_eight_rows",
    "reduce_factor_rows",
    "rounded_half",
]

ROW = 16  # weights per row at the finest pyramid level
ROWS_TOGETHER = 8
LANES = 8
FACTOR = 4  # rows of a level that become one row of the next
FACTOR_ROWS = 16  # rows of the next level that are computed together
FLOAT = ir.FloatType()
INTEGER = ir.IntType(32)
EXPONENT = 0x7F800000
# Vectors a and b hold halves of rows; each step aligns neighbouring halves and joins them.
PAIRS = ((0, 2, 8, 10, 4, 6, 12, 14), (1, 3, 9, 11, 5, 7, 13, 15))
HALVES = ((0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15))
# The elements of two vectors at even places, and those at odd places.
NEIGHBOURS = tuple(tuple(range(first, 2 * FACTOR_ROWS, 2)) for first in (0, 1))


@intrinsic
def add_uint32(typingctx, left, right):  # noqa: ARG001  # Numba's signature
    """Add, modulo 2**32."""

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        return builder.add(*arguments)

    return types.uint32(types.uint32, types.uint32), generate


@intrinsic
def as_float32(typingctx, bits):  # noqa: ARG001
    """Reinterpret bits as a float, in a register; a view of an array would go through memory."""

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        return builder.bitcast(arguments[0], FLOAT)

    return types.float32(types.uint32), generate


@intrinsic
def as_uint32(typingctx, value):  # noqa: ARG001
    """Reinterpret a float as its bits."""

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.uint32(types.float32), generate


@intrinsic
def or_uint32(typingctx, left, right):  # noqa: ARG001
    """Compute the bitwise or."""

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        return builder.or_(*arguments)

    return types.uint32(types.uint32, types.uint32), generate


@intrinsic
def rounded_half(typingctx, bits):  # noqa: ARG001
    """Round the bits of a float32 to those of the nearest bfloat16, ties to even.

    Values that would round to infinity are truncated; NaNs become the quiet NaN.
    """

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        def number(value):
            return ir.Constant(INTEGER, value)

        def is_special(found):
            return builder.icmp_unsigned("==", builder.and_(found, exponent), exponent)

        (bits,), exponent = arguments, number(EXPONENT)
        odd = builder.and_(builder.lshr(bits, number(16)), number(1))
        up = builder.add(builder.add(bits, number(0x7FFF)), odd)
        kept = builder.select(builder.or_(is_special(bits), is_special(up)), bits, up)
        half = builder.lshr(kept, number(16))
        magnitude = builder.and_(bits, number(0x7FFFFFFF))
        missing = builder.icmp_unsigned(">", magnitude, exponent)
        found = builder.select(missing, number(0x7FC0), half)
        return builder.trunc(found, ir.IntType(16))

    return types.uint16(types.uint32), generate


def _minimum_or_maximum(name, typingctx, left, right):  # noqa: ARG001

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        kind = arguments[0].type
        of_two = ir.FunctionType(kind, [kind, kind])
        function = builder.module.declare_intrinsic(name, [kind], of_two)
        return builder.call(function, arguments, fastmath=("fast",))

    return left(left, right), generate


@intrinsic
def lesser(typingctx, left, right):
    """Give the lesser of two floats that are not NaN; min() handles NaNs without vectors."""
    return _minimum_or_maximum("llvm.minnum", typingctx, left, right)


@intrinsic
def greater(typingctx, left, right):
    """Give the greater of two floats that are not NaN."""
    return _minimum_or_maximum("llvm.maxnum", typingctx, left, right)


@intrinsic
def reduce_eight_rows(typingctx, values, row, mean, least, greatest):  # noqa: ARG001
    """Reduce the 128 contiguous values from row `row` on to 8 means, minima and maxima.

    Parameters
    ----------
    values : float32 or float64 [weight], contiguous
    row : int
        The first of the eight; `values` must hold them all.
    mean, least, greatest : float32 [row], contiguous
        Elements [row, row + 8) are written.
    """

    def generate(context, builder, signature, arguments):
        kind = ir.FloatType() if values.dtype == types.float32 else ir.DoubleType()

        def pointer(place, index, element):
            array = context.make_array(signature.args[place])(context, builder, arguments[place])
            found = cgutils.gep_inbounds(builder, array.data, index)
            return builder.bitcast(found, ir.VectorType(element, LANES).as_pointer())

        first = builder.mul(arguments[1], ir.Constant(arguments[1].type, ROW))
        sums, lows, highs = [], [], []
        for number in range(ROWS_TOGETHER):
            halves = []
            for half in range(ROW // LANES):
                step = ir.Constant(first.type, number * ROW + half * LANES)
                place = pointer(0, builder.add(first, step), kind)
                load = builder.load(place)
                load.align = 4
                halves.append(load)
            sums.append(_add(builder, *halves))
            lows.append(lesser_lanes(builder, *halves))
            highs.append(greater_lanes(builder, *halves))
        total = _across(builder, sums, _add)
        share = ir.Constant(total.type, [1 / ROW] * LANES)
        for place, found in (
            (2, builder.fmul(total, share)),
            (3, _across(builder, lows, lesser_lanes)),
            (4, _across(builder, highs, greater_lanes)),
        ):
            narrow = found
            if kind != FLOAT:
                narrow = builder.fptrunc(found, ir.VectorType(FLOAT, LANES))
            builder.store(narrow, pointer(place, arguments[1], FLOAT)).align = 4
        return context.get_dummy_value()

    return types.void(values, types.intp, mean, least, greatest), generate


@intrinsic
def reduce_factor_rows(typingctx, fine, row, coarse, kind):  # noqa: ARG001
    """Reduce 64 rows of a level to 16 of the next: to their means, minima or maxima.

    Parameters
    ----------
    fine : float32 [row], contiguous
        Elements from ``FACTOR * row`` on; none of them NaN.
    row : int
        The first of the 16.
    coarse : float32 [row], contiguous
        Elements [row, row + 16) are written.
    kind : literal int
        0 for means, 1 for minima, 2 for maxima.
    """
    if not isinstance(kind, types.IntegerLiteral):
        return None
    join = (_add, lesser_lanes, greater_lanes)[kind.literal_value]

    def generate(context, builder, signature, arguments):
        vector = ir.VectorType(FLOAT, FACTOR_ROWS)

        def pointer(place, index):
            array = context.make_array(signature.args[place])(context, builder, arguments[place])
            found = cgutils.gep_inbounds(builder, array.data, index)
            return builder.bitcast(found, vector.as_pointer())

        index = arguments[1].type
        first = builder.mul(arguments[1], ir.Constant(index, FACTOR))
        loads = []
        for number in range(FACTOR):
            place = builder.add(first, ir.Constant(index, number * FACTOR_ROWS))
            loads.append(builder.load(pointer(0, place)))
            loads[-1].align = 4
        while len(loads) > 1:
            loads = [
                join(builder, *(_shuffled(builder, left, right, mask) for mask in NEIGHBOURS))
                for left, right in zip(loads[::2], loads[1::2], strict=True)
            ]
        found = loads[0]
        if join is _add:
            found = builder.fmul(found, ir.Constant(vector, [1 / FACTOR] * FACTOR_ROWS))
        builder.store(found, pointer(2, arguments[1])).align = 4
        return context.get_dummy_value()

    return types.void(fine, types.intp, coarse, kind), generate


def _across(builder, vectors, join):
    """Reduce the lanes of each of eight vectors; lane i of the result belongs to vector i."""
    for masks in (PAIRS, PAIRS, HALVES):
        vectors = [
            join(builder, *(_shuffled(builder, left, right, mask) for mask in masks))
            for left, right in zip(vectors[::2], vectors[1::2], strict=True)
        ]
    return vectors[0]


def _shuffled(builder, left, right, mask):
    lanes = ir.Constant(ir.VectorType(INTEGER, len(mask)), list(mask))
    return builder.shuffle_vector(left, right, lanes)


def _add(builder, left, right):
    return builder.fadd(left, right)


def lesser_lanes(builder, left, right):
    """Write the lesser of each two lanes; the right one where either is NaN."""
    return builder.select(builder.fcmp_ordered("<", left, right), left, right)


def greater_lanes(builder, left, right):
    """Write the greater of each two lanes; the right one where either is NaN."""
    return builder.select(builder.fcmp_ordered(">", left, right), left, right)

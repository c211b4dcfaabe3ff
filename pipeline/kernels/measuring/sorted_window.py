"""Sorted windows over several series side by side, a lane of a vector each.

Where a value comes to stand among those before it is as good as random: a loop that branches on it
is foreseen wrongly half the time. Here nothing branches on a value, and lanes stay together: LLVM
vectors, on any processor, whatever the width of its registers.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from deeptracker.pipeline.kernels.vector.llvm_arithmetic import greater_lanes, lesser_lanes

__all__ = ["LANES", "exchange", "find_medians"]

LANES = 8
NUMBERS = ir.VectorType(ir.DoubleType(), LANES)


class _Lanes:
    """Loads, compares and stores one array's rows of lanes."""

    def __init__(self, context, builder, kind, value):
        self.builder = builder
        self.data = context.make_array(kind)(context, builder, value).data

    def at(self, row):
        """Point to a row."""
        lanes = ir.Constant(row.type, LANES)
        place = cgutils.gep_inbounds(self.builder, self.data, self.builder.mul(row, lanes))
        return self.builder.bitcast(place, NUMBERS.as_pointer())

    def load(self, row):
        """Load a row."""
        loaded = self.builder.load(self.at(row))
        loaded.align = 8
        return loaded

    def store(self, row, value):
        """Store a row."""
        self.builder.store(value, self.at(row)).align = 8


def _all(number):
    return ir.Constant(NUMBERS, [number] * LANES)


@intrinsic
def exchange(typingctx, ordered, length, leaving, value):  # noqa: ARG001  # Numba's signature
    """Put each lane's value in its order, in place of another.

    Parameters
    ----------
    ordered : float64 [value, lane], contiguous
        Ascending from row 1 on; behind the `length` that there are then, infinite.
    length : int
    leaving : float64 [lane]
        What goes; infinite where the window only grows.
    value : float64 [lane]
        What comes; none is NaN.
    """

    def generate(context, builder, signature, arguments):
        rows, gone, come = (
            _Lanes(context, builder, signature.args[i], arguments[i]) for i in (0, 2, 3)
        )
        index = arguments[1].type
        zero, one = ir.Constant(index, 0), ir.Constant(index, 1)
        leaves, comes = gone.load(zero), come.load(zero)
        here = cgutils.alloca_once_value(builder, rows.load(one))
        low = cgutils.alloca_once_value(builder, _all(float("-inf")))
        stop = builder.add(arguments[1], one)
        with cgutils.for_range_slice(builder, one, stop, one, index) as (row, _):
            behind = rows.load(builder.add(row, one))
            # The others close up: of two of them, the new one comes between.
            stays = builder.fcmp_ordered("<", builder.load(here), leaves)
            kept = builder.select(stays, builder.load(here), behind)
            rows.store(
                row, lesser_lanes(builder, greater_lanes(builder, comes, builder.load(low)), kept)
            )
            builder.store(behind, here)
            builder.store(kept, low)
        return context.get_dummy_value()

    return types.void(ordered, types.intp, leaving, value), generate


@intrinsic
def find_medians(typingctx, ordered, length, medians, deviations):  # noqa: ARG001
    """Find each lane's median, and the median of the distances from it.

    The distances below the median and those above it, from the middle outwards, are two sorted
    lists of h each. Of both, the smaller half are min(below[k], above[h - 1 - k]), and the larger
    half the maxima of these pairs: the first step of a bitonic merge (Batcher, AFIPS 1968).

    Parameters
    ----------
    ordered : float64 [value, lane], contiguous
        Ascending from row 1 on.
    length : int
        How many values there are, at least 1.
    medians, deviations : float64 [lane]
        Are written.
    """

    def generate(context, builder, signature, arguments):
        rows, middle, spread = (
            _Lanes(context, builder, signature.args[i], arguments[i]) for i in (0, 2, 3)
        )
        length = arguments[1]
        zero, one = ir.Constant(length.type, 0), ir.Constant(length.type, 1)
        half = builder.lshr(length, one)
        odd = builder.icmp_signed("==", builder.and_(length, one), one)
        upper = rows.load(builder.add(half, one))
        both = builder.fmul(builder.fadd(rows.load(half), upper), _all(0.5))
        median = builder.select(odd, upper, both)
        # Of an odd number the median itself is one more below, at no distance.
        low = cgutils.alloca_once_value(builder, _all(0.0))
        high = cgutils.alloca_once_value(builder, _all(float("inf")))
        with cgutils.for_range_slice(builder, zero, half, one, length.type) as (k, _):
            below = builder.fsub(median, rows.load(builder.sub(half, k)))
            above = builder.fsub(rows.load(builder.sub(length, k)), median)
            less, more = lesser_lanes(builder, below, above), greater_lanes(builder, below, above)
            builder.store(greater_lanes(builder, less, builder.load(low)), low)
            builder.store(lesser_lanes(builder, more, builder.load(high)), high)
        between = builder.fadd(builder.load(low), builder.load(high))
        found = builder.select(odd, builder.load(low), builder.fmul(between, _all(0.5)))
        middle.store(zero, median)
        spread.store(zero, found)
        return context.get_dummy_value()

    return types.void(ordered, types.intp, medians, deviations), generate

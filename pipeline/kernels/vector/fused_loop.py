"""The innermost loop over a filter's weights in a span: bins, sums and changes at once.

Counting bins uses the processor's load and store units, one weight after the other. Sums and
comparisons use its vector units, sixteen weights at a time. Fused into one loop they take little
longer than the slower of them; the compiler would make two loops. So the loop is written in LLVM's
intermediate language, for any processor and any register width.
"""

from contextlib import contextmanager

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from deeptracker.pipeline.kernels.measuring.histograms import FINE_SHIFT

__all__ = ["CHANGES", "FOUND", "LANES", "measure_run"]

LANES = 16
# Weights that are summed in their own type before adding in float64: sixteen per lane, so that the
# error is at most a millionth of the sum, even if all rounding errors have the same sign.
BLOCK = 16 * LANES
# Sums of a run. Of weights: differences from a given weight, their squares, magnitudes. Of changes:
# squares, magnitudes, increase of the weights' squares.
FOUND = 6
CHANGES = 4  # thresholds that are compared together
INTEGER = ir.IntType(32)
INTEGERS = ir.VectorType(INTEGER, LANES)
DOUBLE = ir.DoubleType()
DOUBLES = ir.VectorType(DOUBLE, LANES)
FAST = ("fast",)


@intrinsic
def measure_run(typingctx, w, w32, p, count, shift, thresholds, histogram, over, found):  # noqa: ARG001
    """Measure the first `count` weights of a run, all of them finite, all of one filter.

    Parameters
    ----------
    w, p : float32 or float64 [weight], contiguous
        The weights, and the weights of the snapshot before.
    w32 : float32 [weight], contiguous
        The weights again, for counting into bins.
    count : int
        A multiple of `LANES`, not 0.
    shift : float32
        Near the weights' mean.
    thresholds : of the weights' type [CHANGES]
    histogram : uint32 [fine bin]
    over : uint32 [CHANGES * LANES]
        Counts of weights with abs(W - P) > threshold * abs(P), lane by lane; added to.
    found : float64 [FOUND]
        The sums; overwritten.
    """

    def generate(context, builder, signature, arguments):
        kind = ir.FloatType() if signature.args[0].dtype == types.float32 else DOUBLE
        places = [
            context.make_array(signature.args[i])(context, builder, arguments[i]).data
            for i in (0, 1, 2, 5, 6, 7, 8)
        ]
        count, shift = arguments[3:5]
        if kind != shift.type:
            shift = builder.fpext(shift, kind)
        _Run(builder, kind, count.type).measure(count, shift, *places)
        return context.get_dummy_value()

    kinds = (w, w32, p, types.intp, types.float32, thresholds, histogram, over, found)
    return types.void(*kinds), generate


class _Run:
    """Emits the loop."""

    def __init__(self, builder, kind, index):
        self.builder = builder
        self.kind, self.kinds = kind, ir.VectorType(kind, LANES)
        self.index = index
        suffix = f"v{LANES}f{32 if kind != DOUBLE else 64}"
        self.magnitude = self.intrinsic(f"llvm.fabs.{suffix}", self.kinds, [self.kinds])
        total = f"llvm.vector.reduce.fadd.v{LANES}f64"
        self.total = self.intrinsic(total, DOUBLE, [DOUBLE, DOUBLES])

    def measure(self, count, shift, w, w32, p, thresholds, histogram, over, found):
        """Emit the code before, in and after the loop."""
        builder, nothing = self.builder, [0.0] * LANES
        middle = self.spread(shift)
        limits = [
            self.spread(builder.load(self.place(thresholds, self.number(number))))
            for number in range(CHANGES)
        ]
        zeros = ir.Constant(self.kinds, nothing)
        sums = [cgutils.alloca_once_value(builder, zeros) for _ in range(FOUND)]
        totals = [
            cgutils.alloca_once_value(builder, ir.Constant(DOUBLES, nothing)) for _ in range(FOUND)
        ]
        counts = [
            cgutils.alloca_once_value(builder, self.lanes(over, self.number(LANES * k), INTEGERS))
            for k in range(CHANGES)
        ]
        with self.range(self.number(0), count, BLOCK) as first:
            end = builder.add(first, self.number(BLOCK))
            end = builder.select(builder.icmp_signed("<", end, count), end, count)
            with self.range(first, end, LANES) as at:
                now, before = self.lanes(w, at, self.kinds), self.lanes(p, at, self.kinds)
                self.count_bins(w32, at, histogram)
                self.add(sums, now, before, middle)
                self.compare(counts, now, before, limits)
            self.empty(sums, totals)
        for k, place in enumerate(counts):
            target = self.place(over, self.number(LANES * k))
            target = builder.bitcast(target, INTEGERS.as_pointer())
            builder.store(builder.load(place), target).align = 4
        for k, place in enumerate(totals):
            lanes = [ir.Constant(DOUBLE, 0.0), builder.load(place)]
            total = builder.call(self.total, lanes, fastmath=FAST)
            builder.store(total, self.place(found, self.number(k)))

    def count_bins(self, w32, at, histogram):
        """Emit the counting of each weight into its bin: loads and stores."""
        builder = self.builder
        for lane in range(LANES):
            value = self.place(w32, builder.add(at, self.number(lane)))
            bits = builder.load(builder.bitcast(value, INTEGER.as_pointer()))
            bin_ = builder.lshr(bits, ir.Constant(INTEGER, FINE_SHIFT))
            slot = self.place(histogram, builder.zext(bin_, self.index))
            builder.store(builder.add(builder.load(slot), ir.Constant(INTEGER, 1)), slot)

    def add(self, sums, now, before, middle):
        """Emit the adding of the weights to the sums: vector instructions."""
        builder = self.builder
        apart = builder.fsub(now, middle, flags=FAST)
        change = builder.fsub(now, before, flags=FAST)
        both = builder.fadd(now, before, flags=FAST)
        for place, value in zip(
            sums,
            (
                apart,
                builder.fmul(apart, apart, flags=FAST),
                builder.call(self.magnitude, [now]),
                builder.fmul(change, change, flags=FAST),
                builder.call(self.magnitude, [change]),
                builder.fmul(change, both, flags=FAST),
            ),
            strict=True,
        ):
            builder.store(builder.fadd(builder.load(place), value, flags=FAST), place)

    def empty(self, sums, totals):
        """Emit the adding of the sums to the float64 totals, and reset the sums to 0."""
        builder = self.builder
        for place, total in zip(sums, totals, strict=True):
            lanes = builder.load(place)
            if self.kind != DOUBLE:
                lanes = builder.fpext(lanes, DOUBLES)
            builder.store(builder.fadd(builder.load(total), lanes, flags=FAST), total)
            builder.store(ir.Constant(self.kinds, [0.0] * LANES), place)

    def compare(self, counts, now, before, limits):
        """Emit the counting of changes over each threshold, lane by lane."""
        builder = self.builder
        change = builder.call(self.magnitude, [builder.fsub(now, before)])
        base = builder.call(self.magnitude, [before])
        for place, limit in zip(counts, limits, strict=True):
            over = builder.fcmp_ordered(">", change, builder.fmul(limit, base))
            counted = builder.add(builder.load(place), builder.zext(over, INTEGERS))
            builder.store(counted, place)

    @contextmanager
    def range(self, first, last, step):
        """Emit a loop, and give its index."""
        loop = cgutils.for_range_slice(self.builder, first, last, self.number(step), self.index)
        with loop as (at, _):
            yield at

    def intrinsic(self, name, result, arguments):
        """Declare an LLVM intrinsic; llvmlite has no names for vector intrinsics."""
        kind = ir.FunctionType(result, arguments)
        return cgutils.get_or_insert_function(self.builder.module, kind, name)

    def number(self, value):
        """Give an index."""
        return ir.Constant(self.index, value)

    def place(self, base, index):
        """Point to an element."""
        return cgutils.gep_inbounds(self.builder, base, index)

    def lanes(self, base, index, vector):
        """Load sixteen elements."""
        pointer = self.builder.bitcast(self.place(base, index), vector.as_pointer())
        loaded = self.builder.load(pointer)
        loaded.align = 4
        return loaded

    def spread(self, value):
        """Put a number into every lane."""
        nothing = ir.Constant(self.kinds, ir.Undefined)
        one = self.builder.insert_element(nothing, value, ir.Constant(INTEGER, 0))
        return self.builder.shuffle_vector(one, one, ir.Constant(INTEGERS, [0] * LANES))

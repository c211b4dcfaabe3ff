"""The innermost loops: one span of weights, which are regular or not as one.

Each is a simple loop that the compiler turns into vector instructions (a test reads its output).
They assume finite values; a span with any other takes `irregular_span`, which asks of every weight.
"""

import numpy as np

from deeptracker.pipeline.kernels.compiling import inner
from deeptracker.pipeline.kernels.measuring.filter_sums import (
    ABSOLUTE,
    CHANGE_ABSOLUTE,
    CHANGE_SQUARES,
    SQUARES,
    SQUARES_RISE,
    SUM,
    WEIGHTS,
)
from deeptracker.pipeline.kernels.measuring.histograms import FINE_SHIFT, INFINITE_BIN, NEGATIVE_BIN
from deeptracker.pipeline.kernels.vector.fused_loop import BLOCK, LANES, measure_run
from deeptracker.pipeline.kernels.vector.llvm_arithmetic import (
    ROW,
    ROWS_TOGETHER,
    add_uint32,
    greater,
    lesser,
    or_uint32,
    reduce_eight_rows,
)

__all__ = ["COUNTS", "FINITE", "IRREGULAR", "NONZERO", "PAIRS", "ROW", "SPAN"]

# Weights. A longer span takes fewer calls, each of some dozens of instructions; in a shorter one
# fewer weights have to be looked at one by one for the sake of a NaN among them.
SPAN = 8192
# Weights that are measured together, about one mean.
RUN = 4096
# Sums run over the differences from the mean of so many weights, the least of four such means: the
# distance from an odd one out would drown all others in rounding.
SAMPLE, SAMPLES = 16, 4
# Of squares whose sum is less, float32 may have lost some beneath its least number.
LEAST_SQUARES = 1e-32

# Columns of the counts of the whole part.
FINITE, IRREGULAR, NONZERO, PAIRS = range(4)
COUNTS = 4

fast = inner(fastmath=True, error_model="numpy")
careful = inner(error_model="numpy")


@fast
def all_finite(values32):
    """Whether no value is infinite or NaN; by integers, which fast arithmetic leaves alone."""
    bits = values32.view(np.uint32)
    seen = np.uint32(0)
    for i in range(bits.size):
        # One more in an exponent of all ones carries into the sign.
        magnitude = np.uint32(bits[i] & np.uint32(0x7FFFFFFF))
        seen = or_uint32(seen, add_uint32(magnitude, np.uint32(0x00800000)))
    return seen < np.uint32(0x80000000)


@fast
def count_bins(values32, histogram):
    """Count each value into the bin of its upper bits."""
    bits = values32.view(np.uint32)
    for i in range(bits.size):
        histogram[bits[i] >> np.uint32(FINE_SHIFT)] += np.uint32(1)


@fast
def drop_irregular(histogram, sound):
    """Empty the bins of infinities and NaNs, unless what was counted was sound."""
    if not sound:
        histogram[INFINITE_BIN:NEGATIVE_BIN] = 0
        histogram[NEGATIVE_BIN + INFINITE_BIN :] = 0


@fast
def rows_of(w, mean, least, greatest, weights):
    """Mean, minimum and maximum of every 16 weights; the last row may be shorter."""
    whole = w.size // ROW
    together = whole - whole % ROWS_TOGETHER
    for row in range(0, together, ROWS_TOGETHER):
        reduce_eight_rows(w, row, mean, least, greatest)
    weights[:whole] = ROW
    for row in range(together, -(-w.size // ROW)):
        last = min((row + 1) * ROW, w.size)
        low = high = total = w[row * ROW]
        for i in range(row * ROW + 1, last):
            value = w[i]
            total += value
            low = min(low, value)
            high = max(high, value)
        mean[row] = total / (last - row * ROW)
        least[row] = low
        greatest[row] = high
        weights[row] = last - row * ROW


@fast
def extremes(w):
    """Return (minimum, maximum)."""
    low = high = w[0]
    for i in range(w.size):
        low = lesser(low, w[i])
        high = greater(high, w[i])
    return low, high


@fast
def count_nonzeros(w):
    """Count the weights that are not zero."""
    found = np.uint32(0)
    for i in range(w.size):
        found = add_uint32(found, np.uint32(w[i] != 0))
    return found


@fast
def count_changes(w, p, threshold):
    """Count the weights with abs(W - P) > threshold * abs(P)."""
    over = np.uint32(0)
    for i in range(w.size):
        over = add_uint32(over, np.uint32(abs(w[i] - p[i]) > threshold * abs(p[i])))
    return over


@fast
def count_changes_of_four(w, p, thresholds, changes):
    """Count as `count_changes` does, for four thresholds in one loop."""
    first, second, third, fourth = thresholds[0], thresholds[1], thresholds[2], thresholds[3]
    over_1 = over_2 = over_3 = over_4 = np.uint32(0)
    for i in range(w.size):
        change, before = abs(w[i] - p[i]), abs(p[i])
        over_1 = add_uint32(over_1, np.uint32(change > first * before))
        over_2 = add_uint32(over_2, np.uint32(change > second * before))
        over_3 = add_uint32(over_3, np.uint32(change > third * before))
        over_4 = add_uint32(over_4, np.uint32(change > fourth * before))
    changes[0] += over_1
    changes[1] += over_2
    changes[2] += over_3
    changes[3] += over_4


@fast
def middle_of(w):
    """Give about the mean of some weights, as float32, whatever one or two of them are."""
    if w.size < SAMPLE * SAMPLES:
        total = w[0] - w[0]
        for i in range(w.size):
            total += w[i]
        return np.float32(total / w.size)
    middle = np.float32(3e38)
    for first in range(0, SAMPLE * SAMPLES, SAMPLE):
        total = w[0] - w[0]
        for i in range(first, first + SAMPLE):
            total += w[i]
        mean = np.float32(total / SAMPLE)
        if abs(mean) < abs(middle):
            middle = mean
    return middle


@fast
def add_sums(w, sums):
    """Add sums of one filter's weights in this span.

    Sums run over the differences from about their mean: where weights lie close together the
    variance would otherwise drown in the rounding of their squares.
    """
    shift = middle_of(w)
    for first in range(0, w.size, BLOCK):
        _add_block(w[first : first + BLOCK], shift, sums)


@fast
def _add_block(w, shift, sums):
    total = squares = absolute = w[0] - w[0]
    for i in range(w.size):
        value = w[i] - shift
        total += value
        squares += value * value
        absolute += abs(w[i])
    if squares < LEAST_SQUARES and absolute > 0:
        add_small_sums(w, sums)
        return
    count, at, by = np.float64(w.size), np.float64(shift), np.float64(total)
    sums[SUM] += by + count * at
    sums[SQUARES] += np.float64(squares) + 2.0 * at * by + count * at * at
    sums[ABSOLUTE] += absolute
    sums[WEIGHTS] += count


@fast
def add_small_sums(w, sums):
    """Do as `add_sums` does, in float64."""
    for i in range(w.size):
        value = np.float64(w[i])
        sums[SUM] += value
        sums[SQUARES] += value * value
        sums[ABSOLUTE] += abs(value)
    sums[WEIGHTS] += w.size


@fast
def add_changes(w, p, sums):
    """Add sums of D = W - P, and of W squared - P squared = D (W + P) without cancellation."""
    for first in range(0, w.size, BLOCK):
        _add_changed_block(w[first : first + BLOCK], p[first : first + BLOCK], sums)


@fast
def _add_changed_block(w, p, sums):
    squares = absolute = rise = w[0] - w[0]
    for i in range(w.size):
        d = w[i] - p[i]
        squares += d * d
        absolute += abs(d)
        rise += d * (w[i] + p[i])
    if squares < LEAST_SQUARES and absolute > 0:
        add_small_changes(w, p, sums)
        return
    sums[CHANGE_SQUARES] += squares
    sums[CHANGE_ABSOLUTE] += absolute
    sums[SQUARES_RISE] += rise


@fast
def add_small_changes(w, p, sums):
    """Do as `add_changes` does, in float64."""
    for i in range(w.size):
        now, before = np.float64(w[i]), np.float64(p[i])
        d = now - before
        sums[CHANGE_SQUARES] += d * d
        sums[CHANGE_ABSOLUTE] += abs(d)
        sums[SQUARES_RISE] += d * (now + before)


@careful
def irregular_rows(w, w32, mean, least, greatest, weights):
    """Do what `rows_of` did over the finite weights, where it had others; NaN where all are."""
    for row in range(-(-w.size // ROW)):
        first, last = row * ROW, min((row + 1) * ROW, w.size)
        # A sum that float32 cannot hold is made again too.
        if all_finite(w32[first:last]) and np.isfinite(mean[row]):
            continue
        mean[row] = least[row] = greatest[row] = np.nan
        weights[row] = 0
        for i in range(first, last):
            if np.isfinite(w32[i]):
                known = weights[row]
                before = np.float64(0 if known == 0 else mean[row])
                mean[row] = before + (np.float64(w[i]) - before) / (known + 1)
                least[row] = w[i] if known == 0 else min(least[row], w[i])
                greatest[row] = w[i] if known == 0 else max(greatest[row], w[i])
                weights[row] = known + 1


@careful
def regular_span(w, p, paired, filters, thresholds, results):
    """Add sums and counts over weights that are all finite; zeros are counted elsewhere.

    `filters` is the offset of the first weight in its filter and the weights a filter; the sums in
    `results` begin with that filter.
    """
    _, sums, counts, _, changes = results
    counts[FINITE] += w.size
    if paired:
        counts[PAIRS] += w.size
        four = thresholds.size - thresholds.size % 4
        for k in range(0, four, 4):
            count_changes_of_four(w, p, thresholds[k:], changes[k:])
        for k in range(four, thresholds.size):
            changes[k] += count_changes(w, p, thresholds[k])
    offset, filter_size = filters
    at = number = 0
    while at < w.size:
        until = min(w.size, at + filter_size - offset)
        add_sums(w[at:until], sums[number])
        if paired:
            add_changes(w[at:until], p[at:until], sums[number])
        at, offset = until, 0
        number += 1


@careful
def fused_span(w, w32, p, paired, filters, thresholds, results, scratch):
    """Do as `regular_span` does, and count the weights into their bins.

    Where there is no pair `p` is `w`, which adds zeros: sums are rounded in one way only. `scratch`
    is what `measure_run` takes: counts of changes, which are added to, and room for sums.
    """
    histogram, sums, counts, _, changes = results
    over, found = scratch
    counts[FINITE] += w.size
    if paired:
        counts[PAIRS] += w.size
    offset, filter_size = filters
    at = number = 0
    while at < w.size:
        ends = at + filter_size - offset <= at + RUN
        until = min(w.size, at + (filter_size - offset if ends else RUN))
        whole = (until - at) // LANES * LANES
        line = sums[number]
        if whole:
            run, run32, before = w[at:until], w32[at:until], p[at:until]
            near = middle_of(run)
            measure_run(run, run32, before, whole, near, thresholds, histogram, over, found)
            count, shift = np.float64(whole), np.float64(near)
            if found[1] < LEAST_SQUARES and found[2] > 0:
                add_small_sums(run[:whole], line)
            else:
                line[SUM] += found[0] + count * shift
                line[SQUARES] += found[1] + 2.0 * shift * found[0] + count * shift * shift
                line[ABSOLUTE] += found[2]
                line[WEIGHTS] += count
            if found[3] < LEAST_SQUARES and found[4] > 0:
                add_small_changes(run[:whole], before[:whole], line)
            else:
                line[CHANGE_SQUARES] += found[3]
                line[CHANGE_ABSOLUTE] += found[4]
                line[SQUARES_RISE] += found[5]
        if at + whole < until:
            rest, before = w[at + whole : until], p[at + whole : until]
            count_bins(w32[at + whole : until], histogram)
            add_sums(rest, line)
            add_changes(rest, before, line)
            count_changes_of_four(rest, before, thresholds, changes)
        offset = 0 if ends else offset + until - at
        number += ends
        at = until


@careful
def irregular_span(w, p, both32, paired, filters, thresholds, results):
    """Add the same, and find the extremes, over the finite weights; `both32` is float32 of both."""
    _, sums, counts, limits, changes = results
    w32, p32 = both32
    for i in range(w.size):
        if not np.isfinite(w32[i]):
            counts[IRREGULAR] += 1
            continue
        value = np.float64(w[i])
        line = sums[(i + filters[0]) // filters[1]]
        line[SUM] += value
        line[SQUARES] += value * value
        line[ABSOLUTE] += abs(value)
        line[WEIGHTS] += 1
        counts[FINITE] += 1
        counts[NONZERO] += value != 0
        limits[0] = min(limits[0], value)
        limits[1] = max(limits[1], value)
        if paired and np.isfinite(p32[i]):
            before = np.float64(p[i])
            d = value - before
            counts[PAIRS] += 1
            line[CHANGE_SQUARES] += d * d
            line[CHANGE_ABSOLUTE] += abs(d)
            line[SQUARES_RISE] += d * (value + before)
            for k in range(thresholds.size):
                changes[k] += abs(d) > thresholds[k] * abs(before)

"""The innermost loops: one span of weights, small enough to stay in the first-level cache.

A span is widened once to float32 (float64 for float64 input) and then walked by several simple
loops that the compiler turns into vector instructions. They assume finite values; a span with any
other takes `irregular_span`, which asks of every weight.
"""

import numpy as np
from numba import njit

from pipeline.kernels.histograms import FINE_SHIFT

__all__ = ["SPAN", "measure_snapshot"]

SPAN = 4096  # weights; 16 KiB of float32
ROW = 16  # weights a row at the finest pyramid level
EXPONENT = np.uint32(0x7F800000)

# Columns of the sums that are kept for each filter and for the whole part.
SUM, SQUARES, ABSOLUTE, CHANGE_SQUARES, CHANGE_ABSOLUTE, SQUARES_RISE, WEIGHTS = range(7)
SUMS = 7
# Columns of the counts and extremes of the whole part.
FINITE, IRREGULAR, NONZERO, PAIRS = range(4)

fast = njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="never")
careful = njit(cache=True, nogil=True, error_model="numpy")


@careful
def widen(raw, half, out, out32):
    """Copy raw values to working floats; `out32` is `out` itself unless that is float64."""
    bits = out32.view(np.uint32)
    if raw.itemsize == 2:
        if half:
            for i in range(raw.size):
                h = np.uint32(raw[i])
                bits[i] = (h & np.uint32(0x7FFF)) << np.uint32(13)
            for i in range(raw.size):
                out[i] = out[i] * np.float32(2.0**112)
            for i in range(raw.size):
                h = np.uint32(raw[i])
                special = EXPONENT if (h & np.uint32(0x7C00)) == np.uint32(0x7C00) else np.uint32(0)
                bits[i] = bits[i] | special | ((h & np.uint32(0x8000)) << np.uint32(16))
        else:
            for i in range(raw.size):
                bits[i] = np.uint32(raw[i]) << np.uint32(16)
    else:
        for i in range(raw.size):
            out[i] = raw[i]
        if out.itemsize == 8:
            for i in range(raw.size):
                out32[i] = np.float32(out[i])


@fast
def all_finite(values32):
    """Whether no value is infinite or NaN; by integers, which fast arithmetic leaves alone."""
    bits = values32.view(np.uint32)
    greatest = np.uint32(0)
    for i in range(bits.size):
        greatest = max(greatest, bits[i] & EXPONENT)
    return greatest != EXPONENT


@fast
def rows_of(w, mean, least, greatest, weights):
    """Mean, minimum and maximum of every 16 weights; the last row may be shorter."""
    whole = w.size // ROW
    for row in range(whole):
        low = high = total = w[row * ROW]
        for i in range(row * ROW + 1, row * ROW + ROW):
            value = w[i]
            total += value
            low = min(low, value)
            high = max(high, value)
        mean[row] = total * np.float32(1 / ROW)
        least[row] = low
        greatest[row] = high
        weights[row] = ROW
    rest = w.size - whole * ROW
    if rest:
        low = high = total = w[whole * ROW]
        for i in range(whole * ROW + 1, w.size):
            total += w[i]
            low = min(low, w[i])
            high = max(high, w[i])
        mean[whole] = total / rest
        least[whole] = low
        greatest[whole] = high
        weights[whole] = rest


@fast
def count_bins(values32, histogram):
    """Count each value into the bin of its upper bits."""
    bits = values32.view(np.uint32)
    for i in range(bits.size):
        histogram[bits[i] >> np.uint32(FINE_SHIFT)] += 1


@fast
def extremes(w):
    """Return (minimum, maximum, non-zeros)."""
    low = high = w[0]
    nonzero = np.int32(0)
    for i in range(w.size):
        value = w[i]
        low = min(low, value)
        high = max(high, value)
        nonzero += np.int32(value != 0)
    return low, high, nonzero


@fast
def count_changes(w, p, threshold):
    """Count the weights with abs(W - P) > threshold * abs(P)."""
    over = np.int32(0)
    for i in range(w.size):
        over += np.int32(abs(w[i] - p[i]) > threshold * abs(p[i]))
    return over


@fast
def add_sums(w, sums):
    """Add sums of one filter's weights in this span.

    Sums run over w - w[0]: where weights lie close together the variance would otherwise drown in
    the rounding of their squares.
    """
    shift = w[0]
    total = squares = absolute = w[0] - w[0]
    for i in range(w.size):
        value = w[i] - shift
        total += value
        squares += value * value
        absolute += abs(w[i])
    count, at, by = np.float64(w.size), np.float64(shift), np.float64(total)
    sums[SUM] += by + count * at
    sums[SQUARES] += np.float64(squares) + 2.0 * at * by + count * at * at
    sums[ABSOLUTE] += absolute
    sums[WEIGHTS] += count


@fast
def add_changes(w, p, sums):
    """Add sums of D = W - P, and of W squared - P squared = D (W + P) without cancellation."""
    squares = absolute = rise = w[0] - w[0]
    for i in range(w.size):
        d = w[i] - p[i]
        squares += d * d
        absolute += abs(d)
        rise += d * (w[i] + p[i])
    sums[CHANGE_SQUARES] += squares
    sums[CHANGE_ABSOLUTE] += absolute
    sums[SQUARES_RISE] += rise


@careful
def irregular_span(
    w,
    w32,
    p,
    p32,
    paired,
    owned,
    rows,
    filters,
    thresholds,
    histogram,
    sums,
    counts,
    limits,
    changes,
    levels,
):
    """Do all of the above for a span with values that are not finite, asking of each weight.

    `owned`, `rows` and `filters` are (first, last) positions in the span; `filters` is the offset
    of the span in its filter and the weights a filter.
    """
    mean, least, greatest, weights = levels
    bits = w32.view(np.uint32)
    for i in range(w.size):
        finite = np.isfinite(w32[i])
        if i < rows:
            row = i // ROW
            if i % ROW == 0:
                mean[row] = least[row] = greatest[row] = np.nan
                weights[row] = 0
            if finite:
                known = weights[row]
                mean[row] = w[i] if known == 0 else (mean[row] * known + w[i]) / (known + 1)
                least[row] = w[i] if known == 0 else min(least[row], w[i])
                greatest[row] = w[i] if known == 0 else max(greatest[row], w[i])
                weights[row] = known + 1
        if i < owned[0] or i >= owned[1]:
            continue
        if not finite:
            counts[IRREGULAR] += 1
            continue
        histogram[bits[i] >> np.uint32(FINE_SHIFT)] += 1
        value = np.float64(w[i])
        line = sums[(i - owned[0] + filters[0]) // filters[1]]
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


@careful
def measure_snapshot(
    raw,
    previous,
    paired,
    half,
    row_weights,
    first_owned,
    last_owned,
    filter_size,
    thresholds,
    buffers,
    histogram,
    sums,
    counts,
    limits,
    changes,
    mean,
    least,
    greatest,
    weights,
):
    """Measure one snapshot of a part, span by span.

    Parameters
    ----------
    raw, previous : 1-d arrays of the stored type
        bfloat16 and float16 as uint16. `previous` is read where `paired`.
    half : bool
        Whether uint16 means float16.
    row_weights : int
        The first so many weights belong to pyramid rows.
    first_owned, last_owned : int
        The weights of the whole filters that the part owns.
    buffers : tuple of four arrays [SPAN]
        Working floats of this snapshot and the one before, each also as float32.
    histogram : int64 [fine bin]
    sums : float64 [filter, SUMS]
    counts : int64 [4]
    limits : float64 [2]
        Least and greatest weight.
    changes : int64 [threshold]
    mean, least, greatest, weights : float32 [row]
        The finest pyramid level, and how many finite weights each row holds.
    """
    for begin in range(0, raw.size, SPAN):
        end = min(begin + SPAN, raw.size)
        length = end - begin
        w, w32 = buffers[0][:length], buffers[1][:length]
        p, p32 = buffers[2][:length], buffers[3][:length]
        widen(raw[begin:end], half, w, w32)
        regular = all_finite(w32)
        if paired:
            widen(previous[begin:end], half, p, p32)
            regular = regular and all_finite(p32)
        rows = max(0, min(length, row_weights - begin))
        owned = max(begin, first_owned) - begin, min(end, last_owned) - begin
        row = begin // ROW
        offset = begin + owned[0] - first_owned
        number = offset // filter_size
        if not regular:
            irregular_span(
                w,
                w32,
                p,
                p32,
                paired,
                owned,
                rows,
                (offset - number * filter_size, filter_size),
                thresholds,
                histogram,
                sums[number:],
                counts,
                limits,
                changes,
                (mean[row:], least[row:], greatest[row:], weights[row:]),
            )
            continue
        if rows:
            rows_of(w[:rows], mean[row:], least[row:], greatest[row:], weights[row:])
        if owned[1] <= owned[0]:
            continue
        mine = w[owned[0] : owned[1]]
        count_bins(w32[owned[0] : owned[1]], histogram)
        low, high, nonzero = extremes(mine)
        limits[0] = min(limits[0], np.float64(low))
        limits[1] = max(limits[1], np.float64(high))
        counts[FINITE] += mine.size
        counts[NONZERO] += nonzero
        if paired:
            theirs = p[owned[0] : owned[1]]
            counts[PAIRS] += mine.size
            for k in range(thresholds.size):
                changes[k] += count_changes(mine, theirs, thresholds[k])
        at = owned[0]
        while at < owned[1]:
            until = min(owned[1], (number + 1) * filter_size + first_owned - begin)
            add_sums(w[at:until], sums[number])
            if paired:
                add_changes(w[at:until], p[at:until], sums[number])
            at = until
            number += 1

"""One tile of one snapshot, span by span, while it and the one before are in the cache."""

from collections.abc import Iterator

import numpy as np

from pipeline.kernels.fused import CHANGES, LANES
from pipeline.kernels.histograms import NEGATIVE_BIN
from pipeline.kernels.spans import (
    NONZERO,
    ROW,
    SPAN,
    all_finite,
    careful,
    count_bins,
    count_nonzeros,
    drop_irregular,
    extremes,
    fused_span,
    irregular_rows,
    irregular_span,
    regular_span,
    rows_of,
)

__all__ = ["TILE", "measure_tile", "tile_ranges", "widen"]

LEAST_FUSED = 4 * LANES  # weights a filter, that a loop over each is worth it
TILE = 65536  # weights that are read and measured at once: a row of the seventh level
EXPONENT = np.uint32(0x7F800000)


def tile_ranges(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut a range of weights into tiles."""
    for first in range(start, stop, TILE):
        yield first, min(first + TILE, stop)


@careful
def widen(raw, half, out):
    """Turn bfloat16 (or, where `half`, float16) in uint16 to float32; from float64, narrow."""
    if raw.itemsize != 2:
        for i in range(raw.size):
            out[i] = np.float32(raw[i])
        return
    bits = out.view(np.uint32)
    if not half:
        for i in range(raw.size):
            bits[i] = np.uint32(raw[i]) << np.uint32(16)
        return
    for begin in range(0, raw.size, SPAN):
        end = min(begin + SPAN, raw.size)
        for i in range(begin, end):
            bits[i] = (np.uint32(raw[i]) & np.uint32(0x7FFF)) << np.uint32(13)
        for i in range(begin, end):
            out[i] = out[i] * np.float32(2.0**112)
        for i in range(begin, end):
            h = np.uint32(raw[i])
            special = EXPONENT if (h & np.uint32(0x7C00)) == np.uint32(0x7C00) else np.uint32(0)
            bits[i] = bits[i] | special | ((h & np.uint32(0x8000)) << np.uint32(16))


@careful
def measure_tile(
    now,
    before,
    paired,
    position,
    row_weights,
    owned_weights,
    filter_size,
    thresholds,
    histogram,
    sums,
    counts,
    limits,
    changes,
    rows,
    scratch,
):
    """Measure one tile of one snapshot.

    Parameters
    ----------
    now, before : tuples of (values, values as float32, regular)
        The two are one where the weights are float32. `regular` is bool [span], whether all values
        are finite; that of `now` is written. `before` is read where `paired`.
    position : int
        The part's weights before this tile.
    row_weights : int
        The part's first so many weights belong to its pyramid rows.
    owned_weights : (int, int)
        The part's weights that lie in the filters that it owns.
    filter_size : int
    thresholds : float [threshold], of the values' type
    histogram : uint32 [fine bin]
    sums : float64 [filter, SUMS]
    counts : int64 [COUNTS]
    limits : float64 [2]
        Least and greatest weight.
    changes : int64 [threshold]
    rows : tuple of four float32 [row of the tile]
        Mean, least, greatest and finite weights of each 16.
    scratch : (uint32 [CHANGES * LANES], float64 [FOUND])
        Room for `measure_run`.

    Returns
    -------
    bool
        Whether all values of `now` are finite.
    """
    values, values32, regular = now
    values_before, before32, regular_before = before
    mean, least, greatest, weights = rows
    all_sound = True
    over = scratch[0]
    over[:] = 0
    for begin in range(0, values.size, SPAN):
        end = min(begin + SPAN, values.size)
        w, w32 = values[begin:end], values32[begin:end]
        place = position + begin
        first = min(max(owned_weights[0] - place, 0), w.size)
        last = max(min(owned_weights[1] - place, w.size), first)
        mine, mine32 = w[first:last], w32[first:last]
        # Zeros lie in two bins; most spans have none, and need not be asked.
        zeros = histogram[0] + histogram[NEGATIVE_BIN]
        sound = all_finite(w32)
        regular[begin // SPAN] = sound
        all_sound &= sound
        both_sound = sound and (not paired or regular_before[begin // SPAN])
        fused = both_sound and paired and thresholds.size == CHANGES and filter_size >= LEAST_FUSED
        if not fused:
            count_bins(mine32, histogram)
        if not sound:
            drop_irregular(histogram)
        within = max(0, min(w.size, row_weights - place))
        row = begin // ROW
        into = mean[row:], least[row:], greatest[row:], weights[row:]
        if within:
            if sound:
                rows_of(w[:within], *into)
            else:
                irregular_rows(w[:within], w32[:within], *into)
        if not mine.size:
            continue
        theirs, theirs32 = values_before[begin:end][first:last], before32[begin:end][first:last]
        number, offset = divmod(place + first - owned_weights[0], filter_size)
        filters = offset, filter_size
        lines = sums[number:]
        if both_sound:
            if values.itemsize == 4 and first == 0 and within == mine.size:
                # The rows have them already; those of float64 are narrowed.
                count = -(-within // ROW)
                low, high = extremes(into[1][:count])[0], extremes(into[2][:count])[1]
            else:
                low, high = extremes(mine)
            limits[0] = min(limits[0], np.float64(low))
            limits[1] = max(limits[1], np.float64(high))
            if fused:
                fused_span(
                    mine,
                    mine32,
                    theirs,
                    filters,
                    thresholds,
                    lines,
                    counts,
                    changes,
                    histogram,
                    scratch,
                )
            else:
                regular_span(mine, theirs, paired, filters, thresholds, lines, counts, changes)
            with_zeros = histogram[0] + histogram[NEGATIVE_BIN] != zeros
            counts[NONZERO] += count_nonzeros(mine) if with_zeros else mine.size
        else:
            both32 = mine32, theirs32
            irregular_span(
                mine, theirs, both32, paired, filters, thresholds, lines, counts, limits, changes
            )
    if thresholds.size == CHANGES:
        for k in range(CHANGES):
            changes[k] += over[k * LANES : (k + 1) * LANES].sum()
    return all_sound

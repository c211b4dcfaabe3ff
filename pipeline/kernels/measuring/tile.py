"""One tile of one snapshot, span by span, while it and the one before are in the cache."""

from collections.abc import Iterator

import numpy as np

from deeptracker.pipeline.kernels.compiling import inner
from deeptracker.pipeline.kernels.measuring.histograms import NEGATIVE_BIN
from deeptracker.pipeline.kernels.measuring.span import (
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
from deeptracker.pipeline.kernels.measuring.tile_arguments import Results
from deeptracker.pipeline.kernels.vector.fused_loop import CHANGES, LANES
from deeptracker.pipeline.kernels.vector.llvm_arithmetic import ROWS_TOGETHER, as_float32, as_uint32

__all__ = ["TILE", "inlined", "measure_tile", "tile_ranges", "widen"]

LEAST_FUSED = 4 * LANES  # weights a filter, that a loop over each is worth it
# Of greater weights float32 may not hold the squares of a run's differences, added up.
GREATEST = 2.0**56
TILE = 65536  # weights that are read and measured at once: a row of the seventh level
EXPONENT = np.uint32(0x7F800000)

# A call with so many arrays would cost a tenth of a span's time.
inlined = inner(inline="always", error_model="numpy")


def tile_ranges(start: int, stop: int, address: int = 0) -> Iterator[tuple[int, int]]:
    """Cut a range of weights into tiles, at addresses that are multiples of `TILE`.

    Parameters
    ----------
    address : int
        That of weight 0.
    """
    while start < stop:
        end = min(start + TILE - (address + start) % TILE, stop)
        yield start, end
        start = end


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
    for i in range(raw.size):
        h = np.uint32(raw[i])
        # Exponents are moved by multiplying, which makes subnormal numbers normal too.
        shifted = as_float32(np.uint32((h & np.uint32(0x7FFF)) << np.uint32(13)))  # type: ignore[var-annotated]
        number = as_uint32(np.float32(shifted * np.float32(2.0**112)))
        special = EXPONENT if (h & np.uint32(0x7C00)) == np.uint32(0x7C00) else np.uint32(0)
        bits[i] = number | special | ((h & np.uint32(0x8000)) << np.uint32(16))


@inlined
def note_limits(w, least, greatest, rows, limits):
    """Note the least and the greatest weight: by the first `rows` of their rows, or one by one."""
    if rows:
        low, high = extremes(least[:rows])[0], extremes(greatest[:rows])[1]
    else:
        low, high = extremes(w)
    limits[0] = min(limits[0], np.float64(low))
    limits[1] = max(limits[1], np.float64(high))


@inlined
def write_rows(w, w32, within, plain, into):
    """Write the rows of the first weights of a span, and tell whether all weights are finite.

    A row's mean tells of its 16 weights, unless (not `plain`) these are narrowed in rows.
    """
    told = plain and within == w.size and w.size % (ROW * ROWS_TOGETHER) == 0
    if told:
        rows_of(w, *into)
        # An overflow of finite weights is taken for an infinite one, which does no harm.
        sound = all_finite(into[0][: w.size // ROW])
    else:
        sound = all_finite(w32)
        rows_of(w[:within], *into)
    if not sound:
        irregular_rows(w[:within], w32[:within], *into)
    return sound


@inlined
def add_span(now, before, paired, kind, filters, thresholds, results, scratch):
    """Add the sums of a span; `kind` is whether all are regular, and are counted into bins here."""
    w, w32 = now
    p, p32 = before
    sound, fused = kind
    if fused:
        fused_span(w, w32, p, paired, filters, thresholds, results, scratch)
    elif sound:
        regular_span(w, p, paired, filters, thresholds, results)
    else:
        irregular_span(w, p, (w32, p32), paired, filters, thresholds, results)


@inlined
def owned_of(geometry, place, size):
    """Give the weights [first, last) of a span at a place of the part that the part owns."""
    first = min(max(geometry.first_owned - place, 0), size)
    return first, max(min(geometry.last_owned - place, size), first)


@inlined
def add_lanes(over, changes):
    """Add what `measure_run` counted lane by lane, where it counts."""
    if changes.size == CHANGES:
        for k in range(CHANGES):
            for lane in range(k * LANES, (k + 1) * LANES):
                changes[k] += over[lane]


# Longer than other functions: a seam would only pass all of its state on.
@careful
def measure_tile(now, before, paired, geometry, thresholds, results, rows, scratch):
    """Measure one tile of one snapshot, and tell whether all its values are finite.

    Parameters
    ----------
    now, before : tuples of (values, values as float32, regular)
        The two are one where the weights are float32. `regular` is bool [span], whether all values
        are finite, and float32 holds their squares; that of `now` is written. `before` is read
        where `paired`.
    geometry : Geometry
    thresholds : float [threshold], of the values' type
    results : Results
        Of this column.
    rows : tuple of four float32 [row of the tile]
        Mean, least, greatest and finite weights of each 16.
    scratch : (uint32 [CHANGES * LANES], float64 [FOUND])
        Room for `measure_run`.
    """
    # Longer than a screen: cut in two, what both halves need would be passed for every span.
    values, values32, regular = now
    values_before, before32, regular_before = before
    mean, least, greatest, weights = rows
    histogram, sums, counts, limits, changes = results
    fusible = thresholds.size == CHANGES and geometry.filter_size >= LEAST_FUSED
    all_sound = True
    scratch[0][:] = 0
    for begin in range(0, values.size, SPAN):
        end = min(begin + SPAN, values.size)
        w, w32 = values[begin:end], values32[begin:end]
        place = geometry.position + begin
        first, last = owned_of(geometry, place, w.size)
        mine, mine32 = w[first:last], w32[first:last]
        # Zeros lie in two bins; most spans have none, and need not be asked.
        zeros = histogram[0] + histogram[NEGATIVE_BIN]
        within = max(0, min(w.size, geometry.row_weights - place))
        row = begin // ROW
        into = mean[row:], least[row:], greatest[row:], weights[row:]
        sound = write_rows(w, w32, within, values.itemsize == 4, into)
        all_sound &= sound
        if sound and mine.size:
            # The rows have them already; those of float64 are narrowed.
            known = within if values.itemsize == 4 and first == 0 and within == mine.size else 0
            note_limits(mine, into[1], into[2], -(-known // ROW), limits)
        regular[begin // SPAN] = sound and max(-limits[0], limits[1]) <= GREATEST
        both_sound = regular[begin // SPAN] and (not paired or regular_before[begin // SPAN])
        if not (both_sound and fusible):
            count_bins(mine32, histogram)
            drop_irregular(histogram, sound)
        if not mine.size:
            continue
        theirs, theirs32 = values_before[begin:end][first:last], before32[begin:end][first:last]
        number, offset = divmod(place + first - geometry.first_owned, geometry.filter_size)
        add_span(
            (mine, mine32),
            (theirs, theirs32),
            paired,
            (both_sound, both_sound and fusible),
            (offset, geometry.filter_size),
            thresholds,
            Results(histogram, sums[number:], counts, limits, changes),
            scratch,
        )
        if both_sound:
            with_zeros = histogram[0] + histogram[NEGATIVE_BIN] != zeros
            counts[NONZERO] += count_nonzeros(mine) if with_zeros else mine.size
    add_lanes(scratch[0], changes)
    return all_sound

"""Weights counted into bins, added up the tree while parameters end one after the other.

A parameter's counts are summed coarsely and searched for quantiles as soon as its last weight is
measured, and are added to those of the node above it. So only the nodes that are not at their end
are held: one at each depth.
"""

from typing import NamedTuple

import numpy as np

from deeptracker.pipeline.kernels.compiling import inner
from deeptracker.pipeline.kernels.measuring.histograms import (
    BAND,
    COARSE_INDEX,
    FINE_SHIFT,
    FINE_VALUES,
    NEGATIVE_BIN,
)
from deeptracker.pipeline.kernels.vector.llvm_arithmetic import add_uint32, as_uint32

__all__ = ["NodeCounts", "close_nodes", "note_reach"]

# So many fine bins make a coarse one, aligned.
TOGETHER = 16
BANDS = NEGATIVE_BIN // BAND


class NodeCounts(NamedTuple):
    """Counts of the nodes that are not at their end, and what was found of those that are.

    Attributes
    ----------
    closing : numpy.ndarray
        int64 [closing]: the nodes in the order in which they end.
    slots, above : numpy.ndarray
        int64 [node]: where in `open` each is counted, 0 for parameters; and the slot of the node
        above, -1 for none.
    kept : numpy.ndarray
        int64 [node]: which of `kept_counts` it adds to, -1 for none.
    open : numpy.ndarray
        uint32 [slot, column + 1, fine bin].
    reach : numpy.ndarray
        int64 [slot, column + 1]: no bin of a greater magnitude is filled.
    coarse : numpy.ndarray
        uint32 [node, column, bin].
    shares : numpy.ndarray
        float64 [share], ascending.
    quantiles : numpy.ndarray
        float64 [share, node, column]: the middle of the bin that holds the weight of rank
        ceil(share * count), NaN where there is no weight.
    kept_counts : numpy.ndarray
        uint32 [kept node, column, fine bin].
    """

    closing: np.ndarray
    slots: np.ndarray
    above: np.ndarray
    kept: np.ndarray
    open: np.ndarray
    reach: np.ndarray
    coarse: np.ndarray
    shares: np.ndarray
    quantiles: np.ndarray
    kept_counts: np.ndarray


@inner()
def note_reach(nodes, column, limits):
    """Note how far the bins of the parameter that is being measured may be filled."""
    greatest = np.float32(max(-limits[0], limits[1]))
    if greatest > 0:
        bin_ = np.int64(as_uint32(greatest) >> np.uint32(FINE_SHIFT))
        nodes.reach[0, column] = max(nodes.reach[0, column], bin_)


@inner(error_model="numpy")
def close_nodes(nodes, first, last, column):
    """Find the quantiles of some nodes, sum their bins, add them to the nodes above; empty them."""
    sums = np.empty(2 * BANDS, np.int64)
    for number in range(first, last):
        node = nodes.closing[number]
        slot, above, kept = nodes.slots[node], nodes.above[node], nodes.kept[node]
        counts = nodes.open[slot, column]
        bands = nodes.reach[slot, column] // BAND + 1
        total = sum_bands(counts, bands, nodes.coarse[node, column], sums)
        if total:
            find_quantiles(counts, bands, sums, total, nodes, node, column)
        if above >= 0:
            add_bands(counts, bands, sums, nodes.open[above, column])
            nodes.reach[above, column] = max(nodes.reach[above, column], nodes.reach[slot, column])
        if kept >= 0:
            add_bands(counts, bands, sums, nodes.kept_counts[kept, column])
        clear_bands(counts, bands, sums)
        nodes.reach[slot, column] = 0


@inner()
def sum_bands(counts, bands, coarse, sums):
    """Sum the bins of each band, and add them coarsely; give the number of weights."""
    total = np.int64(0)
    for side in range(2):
        for band in range(bands):
            first = side * NEGATIVE_BIN + band * BAND
            some = counts[first : first + BAND]
            found = np.uint32(0)
            for i in range(BAND):
                found = add_uint32(found, some[i])
            sums[side * BANDS + band] = found
            if not found:
                continue
            total += np.int64(found)
            for begin in range(0, BAND, TOGETHER):
                together = np.uint32(0)
                for i in range(begin, begin + TOGETHER):
                    together = add_uint32(together, some[i])
                coarse[COARSE_INDEX[first + begin]] += together
    return total


@inner(error_model="numpy")
def find_quantiles(counts, bands, sums, total, nodes, node, column):
    """Walk through the bands, and through the bins of those that hold a quantile."""
    number, reached = 0, 0
    for share in range(nodes.shares.size):
        rank = max(1, np.int64(np.ceil(nodes.shares[share] * total)))
        # Negative numbers, by falling magnitude, and then the positive ones.
        band = BANDS + bands - 1 - number if number < bands else number - bands
        while reached + sums[band] < rank:
            reached += sums[band]
            number += 1
            band = BANDS + bands - 1 - number if number < bands else number - bands
        passed, bin_ = reached, band * BAND + (BAND - 1 if band >= BANDS else 0)
        step = -1 if band >= BANDS else 1
        while passed + counts[bin_] < rank:
            passed += counts[bin_]
            bin_ += step
        nodes.quantiles[share, node, column] = FINE_VALUES[bin_]


@inner()
def add_bands(counts, bands, sums, into):
    """Add the counts of the bands that hold any."""
    for side in range(2):
        for band in range(bands):
            if sums[side * BANDS + band]:
                first = side * NEGATIVE_BIN + band * BAND
                some, target = counts[first : first + BAND], into[first : first + BAND]
                for i in range(BAND):
                    target[i] = add_uint32(target[i], some[i])


@inner()
def clear_bands(counts, bands, sums):
    """Empty the bands that hold any."""
    for side in range(2):
        for band in range(bands):
            if sums[side * BANDS + band]:
                first = side * NEGATIVE_BIN + band * BAND
                counts[first : first + BAND] = 0

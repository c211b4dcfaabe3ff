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

__all__ = ["NodeCounts", "close_nodes", "note_weights"]

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
    weights : numpy.ndarray
        int64 [slot, column + 1]: how many are counted.
    coarse : numpy.ndarray
        uint32 [node, column, bin].
    shares : numpy.ndarray
        float64 [share], ascending.
    quantiles : numpy.ndarray
        float64 [share, node, column]: the middle of the bin that holds the weight of rank
        ceil(share * count), NaN where there is no weight.
    kept_counts : numpy.ndarray
        uint32 [kept node, column, fine bin].
    sums, filled : numpy.ndarray
        int64 [band]: room.
    """

    closing: np.ndarray
    slots: np.ndarray
    above: np.ndarray
    kept: np.ndarray
    open: np.ndarray
    reach: np.ndarray
    weights: np.ndarray
    coarse: np.ndarray
    shares: np.ndarray
    quantiles: np.ndarray
    kept_counts: np.ndarray
    sums: np.ndarray
    filled: np.ndarray


@inner()
def note_weights(nodes, column, weights, limits):
    """Note that weights of a parameter were counted, and how far its bins may be filled."""
    nodes.weights[0, column] += weights
    greatest = np.float32(max(-limits[0], limits[1]))
    if greatest > 0:
        bin_ = np.int64(as_uint32(greatest) >> np.uint32(FINE_SHIFT))
        nodes.reach[0, column] = max(nodes.reach[0, column], bin_)


@inner(error_model="numpy")
def close_nodes(nodes, first, last, column):
    """Find the quantiles of some nodes, sum their bins, add them to the nodes above; empty them."""
    for number in range(first, last):
        node = nodes.closing[number]
        slot, above, kept = nodes.slots[node], nodes.above[node], nodes.kept[node]
        counts = nodes.open[slot, column]
        total = nodes.weights[slot, column]
        bands = nodes.reach[slot, column] // BAND + 1
        filled = find_bands(counts, bands, total, nodes.sums, nodes.filled)
        if total:
            find_quantiles(counts, bands, total, nodes, node, column)
        if above >= 0:
            nodes.reach[above, column] = max(nodes.reach[above, column], nodes.reach[slot, column])
            nodes.weights[above, column] += total
        coarse = nodes.coarse[node, column]
        for place in range(filled):
            begin = nodes.filled[place] * BAND
            some = counts[begin : begin + BAND]
            add_coarsely(some, begin, coarse)
            if above >= 0:
                add_band(some, nodes.open[above, column, begin : begin + BAND])
            if kept >= 0:
                add_band(some, nodes.kept_counts[kept, column, begin : begin + BAND])
            for i in range(BAND):
                some[i] = 0
        nodes.reach[slot, column] = nodes.weights[slot, column] = 0


@inner()
def find_bands(counts, bands, total, sums, filled):
    """Sum the bands, and list those that hold any weight; give how many do.

    The lowest band has the zeros. All others fall from the greatest magnitude on: what is left
    beneath the last weight is not looked at.
    """
    found, left = 0, total
    sums[:bands] = 0
    sums[BANDS : BANDS + bands] = 0
    for number in range(bands):
        if not left:
            break
        lower = bands - number if number else 0
        for band in (lower, BANDS + lower):
            some = counts[band * BAND : band * BAND + BAND]
            of_band = np.uint32(0)
            for i in range(BAND):
                of_band = add_uint32(of_band, some[i])
            if of_band:
                sums[band] = of_band
                filled[found] = band
                found += 1
                left -= np.int64(of_band)
    return found


@inner()
def add_coarsely(some, first, coarse):
    """Add the bins of a band to the coarse ones."""
    for begin in range(0, BAND, TOGETHER):
        together = np.uint32(0)
        for i in range(begin, begin + TOGETHER):
            together = add_uint32(together, some[i])
        coarse[COARSE_INDEX[first + begin]] += together


@inner()
def add_band(some, into):
    """Add the bins of a band to those of another node."""
    for i in range(BAND):
        into[i] = add_uint32(into[i], some[i])


@inner(error_model="numpy")
def find_quantiles(counts, bands, total, nodes, node, column):
    """Walk through the bands, and through the bins of those that hold a quantile."""
    number, reached, sums = 0, 0, nodes.sums
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

"""Quantiles of weights that were counted into bins."""

from collections.abc import Sequence

import numpy as np

from deeptracker.pipeline.kernels.compiling import kernel
from deeptracker.pipeline.kernels.measuring.histograms import (
    FINE_VALUES,
    NEGATIVE_BIN,
    SparseHistogram,
)

__all__ = ["quantiles"]


def quantiles(histogram: SparseHistogram, shares: Sequence[float]) -> np.ndarray:
    """Find quantiles: the middle of the bin that holds the weight of rank ceil(share * count).

    Parameters
    ----------
    shares : sequence of float
        Ascending.

    Returns
    -------
    numpy.ndarray
        float64 [share, column], NaN where there is no weight.
    """
    found = np.full((len(shares), histogram.columns), np.nan)
    _find_quantiles(histogram.offsets, histogram.bins, histogram.counts, np.array(shares), found)
    return found


@kernel()
def _find_quantiles(offsets, bins, counts, shares, found):
    for column in range(found.shape[1]):
        first, last = offsets[column], offsets[column + 1]
        if first == last:
            continue
        # Negative numbers, by rising magnitude, stand after the positive ones.
        middle = first
        while middle < last and bins[middle] < NEGATIVE_BIN:
            middle += 1
        total = np.int64(0)
        for entry in range(first, last):
            total += counts[entry]
        place, reached = -1, 0
        for number in range(shares.size):
            rank = max(1, int(np.ceil(shares[number] * total)))
            while reached < rank:
                place += 1
                entry = last - 1 - place if place < last - middle else first + place - last + middle
                reached += counts[entry]
            found[number, column] = FINE_VALUES[bins[entry]]

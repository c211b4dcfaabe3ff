"""Quantiles of weights from counts in bins; each task has the counts of some weights."""

from collections.abc import Sequence

import numpy as np

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
    for column in range(histogram.columns):
        bins, counts = histogram.column(column)
        if not len(bins):
            continue
        # Negative numbers, by rising magnitude, stand behind the positive ones.
        middle = np.searchsorted(bins, NEGATIVE_BIN)
        order = np.concatenate([np.arange(len(bins) - 1, middle - 1, -1), np.arange(middle)])
        reached = np.cumsum(counts[order])
        ranks = np.maximum(1, np.ceil(np.array(shares) * reached[-1]).astype(np.int64))
        found[:, column] = FINE_VALUES[bins[order[np.searchsorted(reached, ranks)]]]
    return found

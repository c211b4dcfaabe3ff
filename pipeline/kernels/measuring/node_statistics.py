"""Statistics of a node from its merged moments and histogram."""

import numpy as np

from deeptracker.pipeline.kernels.compiling import kernel
from deeptracker.pipeline.kernels.measuring.histograms import (
    COARSE_EDGES,
    COARSE_INDEX,
    FINE_VALUES,
    NEGATIVE_BIN,
    SparseHistogram,
)
from deeptracker.pipeline.kernels.measuring.moments import Moments

__all__ = ["QUARTILES", "coarse_histogram", "quantiles", "statistics"]

QUARTILES = {"q1": 0.25, "median": 0.5, "q3": 0.75}


def statistics(moments: Moments, histogram: SparseHistogram) -> dict[str, np.ndarray]:
    """Derive every statistic of a node.

    Parameters
    ----------
    moments : Moments
    histogram : SparseHistogram
        Of the same weights and columns.

    Returns
    -------
    dict of str to numpy.ndarray
        float64 [column]: count, nonfinite, sum, mean, std and var (of the population), min, max,
        norm0, norm1, norm2, q1, median, q3 (within 1.6 % of the least weight whose rank reaches the
        share), update_ratio = norm2(D) / norm2(P); and change_ratio [threshold, column]. NaN where
        there is nothing to measure.
    """
    empty = moments.count == 0
    count = np.where(empty, np.nan, moments.count)
    pairs = np.where(moments.pairs == 0, np.nan, moments.pairs)
    mean = moments.sum / count
    # Rounding may leave a variance of about -1e-17 where all weights are equal.
    variance = np.maximum(moments.sum_squares / count - mean**2, 0.0)
    recorded = (moments.count + moments.nonfinite) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        update = np.sqrt(moments.change_squares / moments.previous_squares)
    unpaired = moments.pairs == 0
    still = (moments.change_squares == 0) & (moments.previous_squares == 0)
    update = np.where(unpaired, np.nan, np.where(still, 0.0, update))
    found = {
        "count": np.where(recorded, moments.count, np.nan),
        "nonfinite": np.where(recorded, moments.nonfinite, np.nan),
        "sum": np.where(empty, np.nan, moments.sum),
        "mean": mean,
        "std": np.sqrt(variance),
        "var": variance,
        "min": moments.min,
        "max": moments.max,
        "norm0": np.where(empty, np.nan, moments.norm0),
        "norm1": np.where(empty, np.nan, moments.norm1),
        "norm2": np.where(empty, np.nan, np.sqrt(moments.sum_squares)),
        "update_ratio": update,
        "change_ratio": moments.change_counts / pairs,
    }
    return found | quantiles(histogram, QUARTILES, moments.min, moments.max)


def quantiles(
    histogram: SparseHistogram, shares: dict[str, float], least: np.ndarray, greatest: np.ndarray
) -> dict[str, np.ndarray]:
    """Find quantiles: the middle of the bin that holds the weight of rank ceil(share * count).

    Parameters
    ----------
    shares : dict of str to float
        Ascending.
    least, greatest : numpy.ndarray
        float64 [column]: no quantile lies outside.

    Returns
    -------
    dict of str to numpy.ndarray
        float64 [column].
    """
    found = np.full((len(shares), histogram.columns), np.nan)
    _find_quantiles(
        histogram.offsets, histogram.bins, histogram.counts, np.array(list(shares.values())), found
    )
    return dict(zip(shares, np.clip(found, least, greatest), strict=True))


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


def coarse_histogram(histogram: SparseHistogram) -> np.ndarray:
    """Sum fine bins into the signed logarithmic bins of `COARSE_EDGES`.

    Returns
    -------
    numpy.ndarray
        int64 [column, bin].
    """
    total = np.zeros((histogram.columns, len(COARSE_EDGES) - 1), np.int64)
    _add_coarsely(histogram.offsets, histogram.bins, histogram.counts, total)
    return total


@kernel()
def _add_coarsely(offsets, bins, counts, total):
    for column in range(total.shape[0]):
        for entry in range(offsets[column], offsets[column + 1]):
            total[column, COARSE_INDEX[bins[entry]]] += counts[entry]

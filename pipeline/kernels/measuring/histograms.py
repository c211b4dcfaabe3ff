"""Histograms by bit pattern: quantiles of any distribution in one pass, with a bounded error.

The upper 14 bits of a float32 (sign, exponent, 5 bits of the mantissa) are the *fine* bin. A bin is
at most 1/32 of its value wide, so its middle is within 1.6 % of every value in it, and merging two
histograms is adding counts. The *coarse* histogram that the store keeps has two bins an octave and
is a sum of fine bins, hence as exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = [
    "BAND",
    "COARSE_EDGES",
    "COARSE_INDEX",
    "FINE_BINS",
    "FINE_SHIFT",
    "FINE_VALUES",
    "INFINITE_BIN",
    "NEGATIVE_BIN",
    "SparseHistogram",
    "coarse_histogram",
]

FINE_SHIFT = 18
FINE_BINS = 1 << (32 - FINE_SHIFT)
# The first bin of negative numbers, and of infinities and NaNs among the positive ones.
NEGATIVE_BIN = FINE_BINS // 2
INFINITE_BIN = 0xFF << (23 - FINE_SHIFT)
BAND = 64  # bins that are looked at together: most are empty
# Magnitudes under 2**-28 count as zero in the coarse histogram, those over 2**4 in its outer bins.
LOWEST_OCTAVE, HIGHEST_OCTAVE = -28, 4


def _fine_values() -> np.ndarray:
    lower = (np.arange(FINE_BINS // 2, dtype=np.uint32) << FINE_SHIFT).view(np.float32)
    with np.errstate(invalid="ignore"):
        lower = lower.astype(np.float64)
        middle = (lower + np.append(lower[1:], np.inf)) / 2
    middle[0] = 0.0  # zeros; the subnormal numbers that share the bin are below 2**-131
    middle[~np.isfinite(middle)] = float(np.finfo(np.float32).max)
    return np.concatenate([middle, -middle])


def _coarse_edges() -> np.ndarray:
    octaves = 2.0 ** np.arange(LOWEST_OCTAVE, HIGHEST_OCTAVE)
    positive = np.append(np.stack([octaves, 1.5 * octaves], axis=1).ravel(), 2.0**HIGHEST_OCTAVE)
    return np.concatenate([-positive[::-1], positive])


FINE_VALUES = _fine_values()  # float64 [fine bin]: the middle of each
COARSE_EDGES = _coarse_edges()  # float64 [bin + 1], ascending; the outermost bins are open
# intp [fine bin]: the coarse bin that holds it. Bin edges of both kinds coincide.
COARSE_INDEX = np.clip(
    np.searchsorted(COARSE_EDGES, FINE_VALUES, side="right") - 1, 0, len(COARSE_EDGES) - 2
)


@dataclass(frozen=True)
class SparseHistogram:
    """Fine counts of several columns, without the empty bins.

    Attributes
    ----------
    offsets : numpy.ndarray
        int64 [column + 1]: where each column's entries begin.
    bins : numpy.ndarray
        uint16 [entry], ascending in each column.
    counts : numpy.ndarray
        int64 [entry].
    """

    offsets: np.ndarray
    bins: np.ndarray
    counts: np.ndarray

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.offsets) - 1

    @classmethod
    def of(cls, counts: np.ndarray) -> "SparseHistogram":
        """Leave the empty bins out of [column, fine bin]."""
        columns, bins = np.nonzero(counts)
        offsets = np.searchsorted(columns, np.arange(len(counts) + 1))
        return cls(offsets, bins.astype(np.uint16), counts[columns, bins].astype(np.int64))

    @classmethod
    def merge(cls, parts: "Sequence[SparseHistogram]") -> "SparseHistogram":
        """Add the counts of several histograms of the same columns."""
        if len(parts) == 1:
            return parts[0]
        total = np.zeros((parts[0].columns, FINE_BINS), np.int64)
        for part in parts:
            for column in range(part.columns):
                bins, counts = part.column(column)
                total[column, bins] += counts
        return cls.of(total)

    def column(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Give (bins uint16, counts int64) of one column."""
        span = slice(self.offsets[column], self.offsets[column + 1])
        return self.bins[span], self.counts[span]


def coarse_histogram(histogram: SparseHistogram) -> np.ndarray:
    """Sum fine bins into the signed logarithmic bins of `COARSE_EDGES`.

    Returns
    -------
    numpy.ndarray
        int64 [column, bin].
    """
    total = np.zeros((histogram.columns, len(COARSE_EDGES) - 1), np.int64)
    columns = np.repeat(np.arange(histogram.columns), np.diff(histogram.offsets))
    np.add.at(total, (columns, COARSE_INDEX[histogram.bins]), histogram.counts)
    return total

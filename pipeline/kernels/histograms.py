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
    "COARSE_EDGES",
    "COARSE_INDEX",
    "FINE_BINS",
    "FINE_SHIFT",
    "FINE_VALUES",
    "SparseHistogram",
]

FINE_SHIFT = 18
FINE_BINS = 1 << (32 - FINE_SHIFT)
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
    def from_columns(cls, columns: Sequence[tuple[np.ndarray, np.ndarray]]) -> "SparseHistogram":
        """Join one (bins, counts) a column."""
        lengths = [len(bins) for bins, _ in columns]
        return cls(
            np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
            np.concatenate([bins for bins, _ in columns]).astype(np.uint16)
            if columns
            else np.empty(0, np.uint16),
            np.concatenate([counts for _, counts in columns]).astype(np.int64)
            if columns
            else np.empty(0, np.int64),
        )

    @classmethod
    def merge(cls, parts: "Sequence[SparseHistogram]") -> "SparseHistogram":
        """Add the counts of several histograms of the same columns."""
        if len(parts) == 1:
            return parts[0]
        columns = []
        for column in range(parts[0].columns):
            total = np.zeros(FINE_BINS, np.int64)
            for part in parts:
                bins, counts = part.column(column)
                total[bins] += counts
            filled = np.flatnonzero(total)
            columns.append((filled, total[filled]))
        return cls.from_columns(columns)

    def column(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Give (bins uint16, counts int64) of one column."""
        span = slice(self.offsets[column], self.offsets[column + 1])
        return self.bins[span], self.counts[span]

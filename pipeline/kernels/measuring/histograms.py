"""Histograms by bit pattern: quantiles of any distribution in one pass, with a bounded error.

The upper 14 bits of a float32 (sign, exponent, 5 bits of the mantissa) are the *fine* bin. A bin is
at most 1/32 of its value wide, so its middle is within 1.6 % of every value in it, and merging two
histograms is adding counts. The *coarse* histogram that the store keeps has two bins an octave and
is a sum of fine bins, hence as exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deeptracker.pipeline.kernels.compiling import kernel

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
    def taken_from(
        cls, counts: np.ndarray, greatest: float = float(np.finfo(np.float32).max)
    ) -> "SparseHistogram":
        """Take the counts out of uint32 or int64 [column, fine bin], which are zeros afterwards.

        No magnitude is above `greatest`: bins beyond need not be looked at.
        """
        bands = np.arange((int(np.float32(greatest).view(np.uint32)) >> FINE_SHIFT) // BAND + 1)
        return cls._taken(counts, np.append(bands, NEGATIVE_BIN // BAND + bands))

    @classmethod
    def merge(cls, parts: "Sequence[SparseHistogram]") -> "SparseHistogram":
        """Add the counts of several histograms of the same columns."""
        if len(parts) == 1:
            return parts[0]
        total = np.zeros((parts[0].columns, FINE_BINS), np.int64)
        for part in parts:
            _scatter(part.offsets, part.bins, part.counts, total)
        bands = np.zeros(FINE_BINS // BAND, np.bool_)
        for part in parts:
            bands[part.bins // BAND] = True
        return cls._taken(total, np.flatnonzero(bands))

    @classmethod
    def _taken(cls, counts: np.ndarray, bands: np.ndarray) -> "SparseHistogram":
        """Take what is counted in some bands, in their order."""
        offsets = np.zeros(len(counts) + 1, np.int64)
        room = len(counts) * len(bands) * BAND
        bins, found = np.empty(room, np.uint16), np.empty(room, np.int64)
        end = _take(counts, bands, offsets, bins, found)
        return cls(offsets, bins[:end].copy(), found[:end].copy())

    def column(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Give (bins uint16, counts int64) of one column."""
        span = slice(self.offsets[column], self.offsets[column + 1])
        return self.bins[span], self.counts[span]


@kernel()
def _take(dense, bands, offsets, bins, counts):
    end = 0
    for column in range(dense.shape[0]):
        for band in bands:
            first = band * BAND
            some = dense[column, first : first + BAND]
            filled = False
            for i in range(BAND):
                filled |= some[i] != 0
            if not filled:
                continue
            for i in range(BAND):
                if some[i]:
                    bins[end] = first + i
                    counts[end] = some[i]
                    some[i] = 0
                    end += 1
        offsets[column + 1] = end
    return end


@kernel()
def _scatter(offsets, bins, counts, dense):
    for column in range(dense.shape[0]):
        for i in range(offsets[column], offsets[column + 1]):
            dense[column, bins[i]] += counts[i]


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

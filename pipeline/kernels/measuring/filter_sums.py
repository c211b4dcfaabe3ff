"""Sums over the weights of each filter, as the kernels gather them and as measures take them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = [
    "ABSOLUTE",
    "CHANGE_ABSOLUTE",
    "CHANGE_SQUARES",
    "NOTHING",
    "OUTSIDE",
    "SQUARES",
    "SQUARES_RISE",
    "SUM",
    "SUMS",
    "WEIGHTS",
    "FilterSums",
    "GatheredFilters",
]

# Columns of the sums that are kept for each filter.
SUM, SQUARES, ABSOLUTE, CHANGE_SQUARES, CHANGE_ABSOLUTE, SQUARES_RISE, WEIGHTS = range(7)
SUMS = 7
# What stands before a column: nothing, the snapshot before the block, or another column.
NOTHING, OUTSIDE = -2, -1


class FilterSums(NamedTuple):
    """Sums over the weights W of one filter at one snapshot, those before P, and D = W - P.

    Only finite weights count; there is at least one. Sums of D and of P are NaN where no snapshot
    stands before.

    Attributes
    ----------
    weights : float
        How many.
    sum, squares, absolute : float
        Of W, W squared and abs(W).
    change_squares, change_absolute : float
        Of D squared and abs(D).
    squares_rise : float
        Of W squared - P squared = D (W + P), without cancellation.
    squares_before, absolute_before : float
        Of P squared and abs(P).
    """

    weights: float
    sum: float
    squares: float
    absolute: float
    change_squares: float
    change_absolute: float
    squares_rise: float
    squares_before: float
    absolute_before: float


@dataclass(frozen=True, eq=False)
class GatheredFilters:
    """The filters of some parts, as the kernels gathered them.

    Attributes
    ----------
    sums : numpy.ndarray
        float64 [column + 1, line, SUMS]; the last of the snapshot before the block.
    lines : numpy.ndarray
        int64 [filter]: the line of each.
    parts : numpy.ndarray
        int64 [filter]: the part that owns it.
    before : numpy.ndarray
        int64 [part, column]: which column stands before each; `NOTHING` or `OUTSIDE`.
    """

    sums: np.ndarray
    lines: np.ndarray
    parts: np.ndarray
    before: np.ndarray

    @property
    def count(self) -> int:
        """Number of filters."""
        return len(self.lines)

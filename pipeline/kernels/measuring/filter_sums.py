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


@dataclass(frozen=True)
class GatheredFilters:
    """The filters of a part, as the kernels gathered them.

    Attributes
    ----------
    lines : numpy.ndarray
        float64 [column + 1, filter, SUMS]; the last of the snapshot before the block.
    before : numpy.ndarray
        int64 [column]: which of them stands before each; `NOTHING` or `OUTSIDE`.
    """

    lines: np.ndarray
    before: np.ndarray

    @property
    def count(self) -> int:
        """Number of filters."""
        return int(self.lines.shape[1])

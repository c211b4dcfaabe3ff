"""Change of a filter relative to its size before.

0 if nothing changed, infinite if all weights before were zero.
"""

import numpy as np

from deeptracker.pipeline.kernels.measuring.filter_sums import FilterSums
from deeptracker.pipeline.measures.filter_measures.measure import FilterMeasure

__all__ = ["MEASURES"]


def relative_norm1(sums: FilterSums) -> float:
    """Give the sum of the magnitudes of D over that of P."""
    change = sums.change_absolute
    return change / sums.absolute_before if change != 0 else 0.0


def relative_norm2(sums: FilterSums) -> float:
    """Give |D| / |P|."""
    change = np.sqrt(sums.change_squares)
    return change / np.sqrt(sums.squares_before) if change != 0 else 0.0


MEASURES = (
    FilterMeasure(
        "change_relative_norm1",
        "relative change, norm 1",
        "Manhattan distance over the norm before",
        relative_norm1,
        of_change=True,
    ),
    FilterMeasure(
        "change_relative_norm2",
        "relative change",
        "Euclidean distance over the norm before",
        relative_norm2,
        of_change=True,
    ),
)

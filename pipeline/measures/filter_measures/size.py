"""Size of a filter."""

import numpy as np

from deeptracker.pipeline.kernels.measuring.filter_sums import FilterSums
from deeptracker.pipeline.measures.filter_measures.measure import FilterMeasure

__all__ = ["MEASURES"]


def std(sums: FilterSums) -> float:
    """Give the standard deviation of the population."""
    variance = sums.squares / sums.weights - (sums.sum / sums.weights) ** 2
    return np.sqrt(max(variance, 0.0))


def norm1(sums: FilterSums) -> float:
    """Give the sum of magnitudes."""
    return sums.absolute


def norm2(sums: FilterSums) -> float:
    """Give the Euclidean norm."""
    return np.sqrt(sums.squares)


MEASURES = (
    FilterMeasure("std", "standard deviation", "standard deviation of the filter's weights", std),
    FilterMeasure("norm1", "norm 1", "sum of the filter's absolute weights", norm1),
    FilterMeasure("norm2", "norm 2", "Euclidean norm of the filter", norm2),
)

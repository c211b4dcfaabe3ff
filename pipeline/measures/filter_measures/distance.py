"""Distance of a filter from its weights at the snapshot before."""

import numpy as np

from deeptracker.pipeline.kernels.measuring.filter_sums import FilterSums
from deeptracker.pipeline.measures.filter_measures.measure import FilterMeasure

__all__ = ["MEASURES"]


def euclidean(sums: FilterSums) -> float:
    """Give |D|."""
    return np.sqrt(sums.change_squares)


def manhattan(sums: FilterSums) -> float:
    """Give the sum of the magnitudes of D."""
    return sums.change_absolute


def cosine(sums: FilterSums) -> float:
    """Give 1 - cos(W, P) without subtracting nearly equal numbers.

    As 2 |W| |P| (1 - cos) = |D|^2 - (|W| - |P|)^2, and |W| - |P| = (|W|^2 - |P|^2) / (|W| + |P|)
    with |W|^2 - |P|^2 = sum D (W + P). It is 0 if both are zero, 1 if one is.
    """
    now, before = np.sqrt(sums.squares), np.sqrt(sums.squares_before)
    if now == 0 or before == 0:
        return 0.0 if now == before else 1.0
    difference = sums.squares_rise / (now + before)
    distance = (sums.change_squares - difference**2) / (2 * now * before)
    return min(max(distance, 0.0), 2.0)


MEASURES = (
    FilterMeasure(
        "change_euclidean",
        "Euclidean change",
        "Euclidean distance to the snapshot before",
        euclidean,
        of_change=True,
    ),
    FilterMeasure(
        "change_manhattan",
        "Manhattan change",
        "Manhattan distance to the snapshot before",
        manhattan,
        of_change=True,
    ),
    FilterMeasure(
        "change_cosine",
        "cosine change",
        "cosine distance to the snapshot before",
        cosine,
        of_change=True,
    ),
)

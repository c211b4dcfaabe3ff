"""The measures of filters, and the sums of a part, from the sums over each filter's weights."""

import numpy as np

from deeptracker.pipeline.kernels.compiling import kernel
from deeptracker.pipeline.kernels.measuring.span import (
    ABSOLUTE,
    CHANGE_ABSOLUTE,
    CHANGE_SQUARES,
    SQUARES,
    SQUARES_RISE,
    SUM,
    SUMS,
    WEIGHTS,
    careful,
)

__all__ = ["FILTER_MEASURES", "NOTHING", "OUTSIDE", "add_filters", "measure_filters"]

FILTER_MEASURES = (
    "std",
    "norm1",
    "norm2",
    "change_euclidean",
    "change_manhattan",
    "change_cosine",
    "change_relative_norm1",
    "change_relative_norm2",
)
# What stands before a column: nothing, the snapshot before the block, or another column.
NOTHING, OUTSIDE = -2, -1


@kernel(error_model="numpy")
def measure_filters(sums, before, measured):
    """Compute all measures of every filter at every column.

    Parameters
    ----------
    sums : float64 [column + 1, filter, SUMS]
        The last of the snapshot before the block.
    before : int64 [column]
        Which of them stands before each.
    measured : float32 [measure, column, filter]
        Is written, in the order of `FILTER_MEASURES`; NaN where nothing is known.
    """
    for column in range(measured.shape[1]):
        past = before[column]
        for number in range(measured.shape[2]):
            line = sums[column, number]
            count = line[WEIGHTS]
            if count == 0:
                measured[:, column, number] = np.nan
                continue
            norm = np.sqrt(line[SQUARES])
            variance = line[SQUARES] / count - (line[SUM] / count) ** 2
            measured[0, column, number] = np.sqrt(max(variance, 0.0))
            measured[1, column, number] = line[ABSOLUTE]
            measured[2, column, number] = norm
            if past == NOTHING:
                measured[3:, column, number] = np.nan
                continue
            change, distance = np.sqrt(line[CHANGE_SQUARES]), line[CHANGE_ABSOLUTE]
            norm_before = np.sqrt(sums[past, number, SQUARES])
            measured[3, column, number] = change
            measured[4, column, number] = distance
            measured[5, column, number] = cosine(change, norm, norm_before, line[SQUARES_RISE])
            measured[6, column, number] = relative(distance, sums[past, number, ABSOLUTE])
            measured[7, column, number] = relative(change, norm_before)


@kernel(error_model="numpy")
def add_filters(sums, before, totals, previous_squares):
    """Add up the filters of each column, and the squares of those before it.

    Parameters
    ----------
    sums, before
        As in `measure_filters`.
    totals : float64 [column, SUMS]
    previous_squares : float64 [column]
        Are added to.
    """
    for column in range(totals.shape[0]):
        past = before[column]
        for number in range(sums.shape[1]):
            for k in range(SUMS):
                totals[column, k] += sums[column, number, k]
            if past != NOTHING:
                previous_squares[column] += sums[past, number, SQUARES]


@careful
def relative(change, before):
    """Give change / before: 0 where nothing changed, infinite where only before is 0."""
    return change / before if change != 0 else 0.0


@careful
def cosine(change, norm, before, rise):
    """Give 1 - cos(W, P) without subtracting nearly equal numbers.

    As 2 |W| |P| (1 - cos) = |D|^2 - (|W| - |P|)^2, and |W| - |P| = (|W|^2 - |P|^2) / (|W| + |P|)
    with |W|^2 - |P|^2 = sum D (W + P). It is 0 where both are zero, 1 where one is.
    """
    if norm == 0 or before == 0:
        return 0.0 if norm == before else 1.0
    difference = rise / (norm + before)
    return min(max((change**2 - difference**2) / (2 * norm * before), 0.0), 2.0)

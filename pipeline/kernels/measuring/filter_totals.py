"""The sums of a part, from the sums over each filter's weights."""

from deeptracker.pipeline.kernels.compiling import kernel
from deeptracker.pipeline.kernels.measuring.filter_sums import NOTHING, SQUARES, SUMS

__all__ = ["add_filters"]


@kernel(error_model="numpy")
def add_filters(lines, before, totals, previous_squares):
    """Add up the filters of each column, and the squares of those before it.

    Parameters
    ----------
    lines, before
        As of `GatheredFilters`.
    totals : float64 [column, SUMS]
    previous_squares : float64 [column]
        Are added to.
    """
    for column in range(totals.shape[0]):
        past = before[column]
        for number in range(lines.shape[1]):
            for k in range(SUMS):
                totals[column, k] += lines[column, number, k]
            if past != NOTHING:
                previous_squares[column] += lines[past, number, SQUARES]

"""The sums of parts, from the sums over each filter's weights."""

from deeptracker.pipeline.kernels.compiling import kernel
from deeptracker.pipeline.kernels.measuring.filter_sums import NOTHING, SQUARES, SUMS

__all__ = ["add_filters"]


@kernel(error_model="numpy")
def add_filters(sums, ends, before, totals, previous_squares):
    """Add up the filters of each part and column, and the squares of those before it.

    Parameters
    ----------
    sums, before
        As of `GatheredFilters`.
    ends : int64 [part + 1]
        Where each part's lines begin.
    totals : float64 [part, column, SUMS]
    previous_squares : float64 [part, column]
        Are added to.
    """
    for part in range(totals.shape[0]):
        for column in range(totals.shape[1]):
            past = before[part, column]
            for line in range(ends[part], ends[part + 1]):
                for k in range(SUMS):
                    totals[part, column, k] += sums[column, line, k]
                if past != NOTHING:
                    previous_squares[part, column] += sums[past, line, SQUARES]

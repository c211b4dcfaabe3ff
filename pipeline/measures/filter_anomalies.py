"""Filters whose change stands far above their own recent history."""

import numpy as np

from deeptracker.pipeline.kernels.compiling import inner, kernel
from deeptracker.pipeline.kernels.measuring.sorted_window import LANES, exchange, find_medians

__all__ = ["MINIMUM_HISTORY", "anomaly_scores"]

MINIMUM_HISTORY = 8
# The median absolute deviation of a normal distribution is its standard deviation over this.
NORMAL_MAD = 1.4826
# A spread below this share of the usual change says that weights are stored coarsely, not that the
# filter is steady.
SPREAD_FLOOR = 0.05


def anomaly_scores(
    changes: np.ndarray, window: int = 20, gaps: np.ndarray | None = None, first: int = 0
) -> np.ndarray:
    """Score each change by a robust z-score against the changes before it.

    The score at t is (x - median) / spread over the up to `window` known changes before t, where
    spread is 1.4826 times their median absolute deviation, and at least 5 % of their median and of
    the median filter's: weights stored in 16 bits change in steps.

    Parameters
    ----------
    changes : numpy.ndarray
        float [filter, column]; NaN where there is none. Columns must be in order of time.
    window : int
        Snapshots of history.
    gaps : numpy.ndarray, optional
        Iterations between each column and the one before, [column]. A change grows with about the
        square root of the steps it took, as a random walk does; where snapshots are unevenly spaced
        it is divided by that, lest a wider spacing look like an incident.
    first : int
        Columns before it are history, and get no score.

    Returns
    -------
    numpy.ndarray
        float32 [filter, column]; NaN before 8 changes are known.
    """
    steady = np.array(changes, dtype=np.float64)
    if gaps is not None:
        steady /= np.sqrt(np.maximum(np.asarray(gaps, np.float64), 1.0))
    steady[~np.isfinite(steady)] = np.nan
    scores = np.full(steady.shape, np.nan, np.float32)
    floor = SPREAD_FLOOR * _usual(steady, first)
    _score(steady, window, MINIMUM_HISTORY, floor, first, scores)
    return scores


def _usual(changes: np.ndarray, first: int) -> np.ndarray:
    """Median change over the filters at each column from the first; 0 where none is known."""
    usual = np.zeros(changes.shape[1])
    ordered = np.sort(changes[:, first:], axis=0)  # what is not known comes last
    known = np.count_nonzero(~np.isnan(ordered), axis=0)
    columns = np.flatnonzero(known)
    lower, upper = (known[columns] - 1) // 2, known[columns] // 2
    usual[first + columns] = (ordered[lower, columns] + ordered[upper, columns]) / 2
    return usual


@kernel()
def _score(changes, window, minimum, floor, first, scores):
    rows, columns = changes.shape
    block = np.empty((columns, LANES))
    found = np.empty((columns, LANES), np.float32)
    row = 0
    while row < rows:
        some = changes[row : row + LANES]
        count = LANES if some.shape[0] == LANES and _are_known_together(some) else 1
        # One by one: assigning slices to slices takes seconds to compile.
        for column in range(columns):
            for i in range(LANES):
                # One that is known at columns of its own is alone in all lanes.
                block[column, i] = some[min(i, count - 1), column]
                found[column, i] = np.nan
        _score_block(block, window, minimum, floor, first, found)
        for i in range(count):
            for column in range(columns):
                scores[row + i, column] = found[column, i]
        row += count


@inner()
def _are_known_together(changes):
    """Whether each column is known of all filters, or of none."""
    for column in range(changes.shape[1]):
        known = 0
        for row in range(changes.shape[0]):
            known += not np.isnan(changes[row, column])
        if known % changes.shape[0]:
            return False
    return True


@inner()
def _score_block(changes, window, minimum, floor, first, scores):
    """Score filters side by side; both are [column, lane]."""
    history = np.empty((window, LANES))  # in order of time, around and around
    # In order of size, between two that no change reaches.
    ordered = np.full((window + 2, LANES), np.inf)
    ordered[0] = -np.inf
    median, deviation = np.empty(LANES), np.empty(LANES)
    known = 0
    for column in range(changes.shape[0]):
        value = changes[column]
        if np.isnan(value[0]):
            continue
        length = min(known, window)
        if length >= minimum and column >= first:
            find_medians(ordered, length, median, deviation)
            for i in range(LANES):
                spread = NORMAL_MAD * deviation[i]
                spread = max(spread, SPREAD_FLOOR * median[i], floor[column])
                rise = value[i] - median[i]
                if spread > 0:
                    scores[column, i] = rise / spread
                else:
                    scores[column, i] = np.inf if rise > 0 else 0.0
        place = known % window
        # What leaves the window, or the place behind those that are known.
        leaving = history[place] if length == window else ordered[window + 1]
        exchange(ordered, min(length + 1, window), leaving, value)
        for i in range(LANES):
            history[place, i] = value[i]
        known += 1

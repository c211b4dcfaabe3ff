"""Filters whose change stands far above their own recent history."""

import numpy as np
from numba import njit

__all__ = ["MINIMUM_HISTORY", "anomaly_scores"]

MINIMUM_HISTORY = 8
# The median absolute deviation of a normal distribution is its standard deviation over this.
NORMAL_MAD = 1.4826
# A spread below this share of the usual change says that weights are stored coarsely, not that the
# filter is steady.
SPREAD_FLOOR = 0.05


def anomaly_scores(
    changes: np.ndarray, window: int = 20, gaps: np.ndarray | None = None
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

    Returns
    -------
    numpy.ndarray
        float32 [filter, column]; NaN before 8 changes are known.
    """
    steady = np.array(changes, dtype=np.float64)
    if gaps is not None:
        steady /= np.sqrt(np.maximum(np.asarray(gaps, np.float64), 1.0))
    finite = np.where(np.isfinite(steady), steady, np.nan)
    known = finite[~np.isnan(finite)]
    scores = np.full(steady.shape, np.nan, np.float32)
    if known.size:
        usual = _usual(finite)
        _score(finite, window, MINIMUM_HISTORY, SPREAD_FLOOR * usual, scores)
    return scores


def _usual(changes: np.ndarray) -> np.ndarray:
    """Median change over the filters at each column; 0 where none is known."""
    usual = np.zeros(changes.shape[1])
    filled = ~np.isnan(changes).all(axis=0)
    if filled.any():
        usual[filled] = np.nanmedian(changes[:, filled], axis=0)
    return usual


@njit(cache=True, nogil=True)
def _score(changes, window, minimum, floor, scores):
    history = np.empty(window)
    work = np.empty(window)
    for row in range(changes.shape[0]):
        known = 0
        for column in range(changes.shape[1]):
            value = changes[row, column]
            if np.isnan(value):
                continue
            length = min(known, window)
            if length >= minimum:
                work[:length] = history[:length]
                median = _median(work[:length])
                for i in range(length):
                    work[i] = abs(history[i] - median)
                spread = NORMAL_MAD * _median(work[:length])
                spread = max(spread, SPREAD_FLOOR * median, floor[column])
                rise = value - median
                if spread > 0:
                    scores[row, column] = rise / spread
                else:
                    scores[row, column] = np.inf if rise > 0 else 0.0
            history[known % window] = value
            known += 1


@njit(cache=True, nogil=True)
def _median(values):
    values.sort()
    middle = values.size // 2
    return values[middle] if values.size % 2 else (values[middle - 1] + values[middle]) / 2

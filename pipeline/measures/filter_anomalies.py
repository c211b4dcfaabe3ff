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


@njit(cache=True, nogil=True)
def _usual(changes, first):
    """Median change over the filters at each column from the first; 0 where none is known."""
    usual = np.zeros(changes.shape[1])
    known = np.empty(changes.shape[0])
    for column in range(first, changes.shape[1]):
        count = 0
        for row in range(changes.shape[0]):
            if not np.isnan(changes[row, column]):
                known[count] = changes[row, column]
                count += 1
        if count:
            usual[column] = np.median(known[:count])
    return usual


@njit(cache=True, nogil=True)
def _score(changes, window, minimum, floor, first, scores):
    history = np.empty(window)  # in order of time, around and around
    ordered = np.empty(window)
    for row in range(changes.shape[0]):
        known = 0
        for column in range(changes.shape[1]):
            value = changes[row, column]
            if np.isnan(value):
                continue
            length = min(known, window)
            if length >= minimum and column >= first:
                median = _middle(ordered, length)
                spread = NORMAL_MAD * _median_deviation(ordered[:length], median)
                spread = max(spread, SPREAD_FLOOR * median, floor[column])
                rise = value - median
                if spread > 0:
                    scores[row, column] = rise / spread
                else:
                    scores[row, column] = np.inf if rise > 0 else 0.0
            if length == window:
                length = _remove(ordered, length, history[known % window])
            _insert(ordered, length, value)
            history[known % window] = value
            known += 1


@njit(cache=True, nogil=True)
def _middle(ordered, length):
    half = length // 2
    return ordered[half] if length % 2 else (ordered[half - 1] + ordered[half]) / 2


@njit(cache=True, nogil=True)
def _median_deviation(ordered, median):
    """Median of abs(value - median) over ordered values, found from the middle outwards."""
    half = ordered.size // 2
    right = half
    left = half - 1
    last = before = 0.0
    for _ in range(half + 1):
        below = median - ordered[left] if left >= 0 else np.inf
        above = ordered[right] - median if right < ordered.size else np.inf
        before = last
        if below < above:
            last = below
            left -= 1
        else:
            last = above
            right += 1
    return last if ordered.size % 2 else (before + last) / 2


@njit(cache=True, nogil=True)
def _insert(ordered, length, value):
    place = length
    while place > 0 and ordered[place - 1] > value:
        ordered[place] = ordered[place - 1]
        place -= 1
    ordered[place] = value


@njit(cache=True, nogil=True)
def _remove(ordered, length, value):
    place = 0
    while ordered[place] != value:
        place += 1
    for i in range(place, length - 1):
        ordered[i] = ordered[i + 1]
    return length - 1

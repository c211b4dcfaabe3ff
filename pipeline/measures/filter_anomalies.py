"""Filters whose change is far above their recent changes.

The kernel scores 23 times as fast as medians over NumPy's sliding windows
(``python benchmarks/filter_scores.py``).
"""

import numpy as np

from deeptracker.pipeline.kernels.compiling import inner, kernel
from deeptracker.pipeline.measures.own_past import NORMAL_MAD

__all__ = ["MINIMUM_HISTORY", "anomaly_scores"]

MINIMUM_HISTORY = 8
# A spread below this share of the usual change comes from coarsely stored weights, not from a
# steady filter.
SPREAD_FLOOR = 0.05


def anomaly_scores(
    changes: np.ndarray,
    window: int = 20,
    gaps: np.ndarray | None = None,
    first: int = 0,
    owners: np.ndarray | None = None,
) -> np.ndarray:
    """Score each change by a robust z-score against the changes before it.

    The score at t is (x - median) / spread over the up to `window` known changes before t, where
    spread is 1.4826 times their median absolute deviation, and at least 5 % of their median and of
    the median filter's of the same parameter: weights stored in 16 bits change in steps.

    Parameters
    ----------
    changes : numpy.ndarray
        float [filter, column]; NaN where unknown. Columns must be in order of time.
    window : int
        Snapshots of history.
    gaps : numpy.ndarray, optional
        Iterations between each column and the one before, [column]. A change grows with about the
        square root of its steps, as a random walk does. Changes are divided by it, so that a wider
        gap between snapshots does not look like an incident.
    first : int
        Columns before it are history, and get no score.
    owners : numpy.ndarray, optional
        int [filter], ascending: the parameter of each filter, whose filters set the floor of its
        spread. By default all are of one parameter.

    Returns
    -------
    numpy.ndarray
        float32 [filter, column]; NaN before 8 changes are known.
    """
    steady = np.array(changes, dtype=np.float64, order="C")
    if gaps is not None:
        steady /= np.sqrt(np.maximum(np.asarray(gaps, np.float64), 1.0))
    steady[~np.isfinite(steady)] = np.nan
    scores = np.full(steady.shape, np.nan, np.float32)
    starts, group = _groups(owners, len(steady))
    floors = SPREAD_FLOOR * _usual(steady, starts, first)
    _score(steady, window, MINIMUM_HISTORY, floors, group, first, scores)
    return scores


def _groups(owners: np.ndarray | None, filters: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the first filter of each parameter, and which of these each filter belongs to."""
    if owners is None or not filters:
        return np.zeros(1, np.int64), np.zeros(filters, np.int64)
    begins = np.diff(owners, prepend=owners[0] - 1) != 0
    return np.flatnonzero(begins), np.cumsum(begins) - 1


def _usual(changes: np.ndarray, starts: np.ndarray, first: int) -> np.ndarray:
    """Median change over the filters of each parameter, whose first ones are given.

    Returns
    -------
    numpy.ndarray
        float64 [parameter, column]; 0 before the first column, and where no change is known.
    """
    usual = np.zeros((len(starts), changes.shape[1]))
    counts = np.diff(starts, append=len(changes))
    # Few distinct counts: parameters of as many filters are looked at together.
    for count in set(counts.tolist()) - {0}:
        parameters = np.flatnonzero(counts == count)
        rows = starts[parameters][:, None] + np.arange(count)
        usual[parameters, first:] = _middle(changes[:, first:][rows])
    return usual


def _middle(changes: np.ndarray) -> np.ndarray:
    """Median of [parameter, filter, column] over the filters that are known; 0 without any."""
    found = np.zeros((len(changes), changes.shape[2]))
    known = np.count_nonzero(~np.isnan(changes), axis=1)
    # Few distinct counts: most columns are known for all filters.
    for count in set(known.ravel().tolist()) - {0}:
        parameters, columns = np.nonzero(known == count)
        middle = [(count - 1) // 2, count // 2]
        # NaNs sort last.
        ordered = np.partition(changes[parameters, :, columns], middle, axis=1)
        found[parameters, columns] = ordered[:, middle].mean(axis=1)
    return found


@kernel()
def _score(changes, window, minimum, floors, group, first, scores):
    """Score filters one by one, each from its window of earlier changes in order of size.

    `floors` is [parameter, column], `group` the parameter of each filter.
    Elements 1 to `length` of a row of `windows` are the window, between two infinite bounds.
    """
    windows = np.empty((2, window + 2))  # the one before a change, and the one after it
    history = np.empty(window)  # in order of time, a ring buffer
    for row in range(changes.shape[0]):
        floor = floors[group[row]]
        windows[:] = np.inf
        windows[:, 0] = -np.inf
        known = 0
        for column in range(changes.shape[1]):
            value = changes[row, column]
            if np.isnan(value):
                continue
            length = min(known, window)
            ordered = windows[known % 2]
            if length >= minimum and column >= first:
                median, deviation = _median_and_deviation(ordered, length)
                spread = max(NORMAL_MAD * deviation, SPREAD_FLOOR * median, floor[column])
                rise = value - median
                if spread > 0:
                    scores[row, column] = rise / spread
                else:
                    scores[row, column] = np.inf if rise > 0 else 0.0
            place = known % window
            leaving = history[place] if length == window else np.inf
            known += 1
            _exchange(ordered, windows[known % 2], min(length + 1, window), leaving, value)
            history[place] = value


@inner(fastmath={"nnan", "nsz"})
def _exchange(before, after, length, leaving, value):
    """Write a window with one value replaced by another; `leaving` is infinite if it grows.

    A value's place in the window is practically random, so a branch on it would be slow. Here
    nothing branches, and each element follows from three of the old window: LLVM vectorises the
    loop.
    """
    for k in range(1, length + 1):
        lower = before[k - 1] if before[k - 1] < leaving else before[k]
        upper = before[k] if before[k] < leaving else before[k + 1]
        after[k] = min(max(value, lower), upper)


@inner(fastmath={"nnan", "nsz"})
def _median_and_deviation(ordered, length):
    """Find the median of a window, and the median of the distances from it.

    The distances below the median and those above it, from the middle outwards, are two sorted
    lists of h each. The smaller half of both lists is min(below[k], above[h - 1 - k]), the larger
    half the maxima of these pairs: the first step of a bitonic merge (Batcher, AFIPS 1968).
    """
    half = length // 2
    odd = length % 2
    median = ordered[half + 1] if odd else (ordered[half] + ordered[half + 1]) / 2
    # For an odd length the median itself counts as below, with distance 0.
    low, high = 0.0, np.inf
    for k in range(half):
        below = median - ordered[half - k]
        above = ordered[length - k] - median
        low = max(low, min(below, above))
        high = min(high, max(below, above))
    return median, low if odd else (low + high) / 2

"""A scalar of the training log as a curve: smoothed, and thinned to a screen's resolution."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

__all__ = ["Curve", "curve", "shade_of", "smoothed"]

# Two points per pixel of a wide screen: the least and the greatest value of each bin.
MOST_POINTS = 3000
# The words for training and validation, as separate words of a name.
SHADES = {"train": 0, "validation": 1, "val": 1}


@dataclass(frozen=True)
class Curve:
    """Points of a curve, by rising place.

    Attributes
    ----------
    places : numpy.ndarray
        float64 [point], in columns: 3.5 lies half way between columns 3 and 4.
    values, smooth : numpy.ndarray
        float64 [point], as recorded and smoothed.
    was_thinned : bool
        Whether there were more points than a screen shows.
    """

    places: np.ndarray
    values: np.ndarray
    smooth: np.ndarray
    was_thinned: bool


def curve(
    recorded: np.ndarray,
    values: np.ndarray,
    iterations: np.ndarray,
    columns: tuple[int, int],
    weight: float = 0.0,
    most: int = MOST_POINTS,
) -> Curve:
    """Make a curve of a scalar within a window.

    Parameters
    ----------
    recorded : numpy.ndarray
        int64 [iteration_s], rising: the iterations at which any scalar was recorded.
    values : numpy.ndarray
        float [iteration_s]; NaN where this scalar was not recorded.
    iterations : numpy.ndarray
        int64 [iteration], the snapshots' iterations, which are the columns.
    columns : (int, int)
        First and last column of the window.
    weight : float
        Weight of the past in the moving average; see `smoothed`.
    most : int
        Points to give at most.
    """
    known = np.isfinite(values)
    recorded, values = recorded[known], values[known].astype(np.float64)
    if not len(recorded) or not len(iterations):
        nothing = np.zeros(0)
        return Curve(nothing, nothing, nothing, was_thinned=False)
    smooth = smoothed(values, weight)
    places = _in_columns(recorded, iterations)
    # One point beyond each edge, so that the line runs out of the window.
    first = max(0, int(np.searchsorted(places, columns[0] - 0.5)) - 1)
    last = int(np.searchsorted(places, columns[1] + 0.5, side="right")) + 1
    places, values, smooth = places[first:last], values[first:last], smooth[first:last]
    if len(places) <= most:
        return Curve(places, values, smooth, was_thinned=len(known) > most)
    kept = _extremes(values, most)
    return Curve(places[kept], values[kept], smooth[kept], was_thinned=True)


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Give the exponential moving average, corrected for the bias of its start.

    With weight w, point n is sum(w^(n-i) v_i) / sum(w^(n-i)) over i up to n, so that the first
    point is the first value.
    """
    if not weight > 0 or not len(values):
        return values
    total = lfilter([1.0], [1.0, -weight], values)
    weights = lfilter([1.0], [1.0, -weight], np.ones(len(values)))
    return np.asarray(total / weights)


def shade_of(name: str) -> int:
    """Give a scalar's colour as an index of `CATEGORICAL`: one for training, one for validation."""
    return SHADES.get(name.partition("_")[0], 0)


def _in_columns(recorded: np.ndarray, iterations: np.ndarray) -> np.ndarray:
    """Convert iterations to columns, linearly between snapshots and beyond the first and last."""
    if len(iterations) == 1:
        # A single column has no gap to define its width: use the span of the recorded iterations.
        apart = (recorded - iterations[0]).astype(np.float64)
        return apart / max(1.0, 2 * np.abs(apart).max())
    columns = np.arange(len(iterations), dtype=np.float64)
    places = np.interp(recorded, iterations, columns)
    before, after = recorded < iterations[0], recorded > iterations[-1]
    places[before] = (recorded[before] - iterations[0]) / (iterations[1] - iterations[0])
    gap = iterations[-1] - iterations[-2]
    places[after] = columns[-1] + (recorded[after] - iterations[-1]) / gap
    return np.asarray(np.clip(places, -0.5, columns[-1] + 0.5))


def _extremes(values: np.ndarray, most: int) -> np.ndarray:
    """Places of the least and the greatest value of each of `most` / 2 bins, rising."""
    edges = np.linspace(0, len(values), most // 2 + 1).astype(np.int64)
    bins = np.repeat(np.arange(most // 2), np.diff(edges))
    order = np.lexsort((values, bins))
    return np.unique(np.concatenate([order[edges[:-1]], order[edges[1:] - 1]]))

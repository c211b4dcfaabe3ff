"""How far values lie from their own past, on a logarithmic scale."""

from dataclasses import dataclass

import numpy as np

from deeptracker.pipeline.measures.own_past import NORMAL_MAD

__all__ = ["HISTORY", "Deviation", "deviation_of"]

HISTORY, FEWEST = 20, 8
# A spread below a tenth is the steadiness of a schedule, not of what is measured.
SPREAD_FLOOR = 0.1
# Nobody asks for smaller deviations.
LEAST_Z = 4.0


@dataclass(frozen=True)
class Deviation:
    """Values beside what was usual before them.

    Attributes
    ----------
    z : numpy.ndarray
        float64 [row, column]: (log x - median) / spread; 0 where it is below 4 or unknown.
    factor : numpy.ndarray
        float64 [row, column]: the value over its usual one; 1 where z is 0.
    """

    z: np.ndarray
    factor: np.ndarray


def deviation_of(values: np.ndarray, gaps: np.ndarray | None = None) -> Deviation:
    """Compare each value with up to 20 known values before it, of which 8 are needed.

    Spread is 1.4826 times the median absolute deviation of the logarithms, and at least 0.1.

    Parameters
    ----------
    values : numpy.ndarray
        float [row, column]; only positive finite ones are known.
    gaps : numpy.ndarray, optional
        Iterations before each column, [column], for values that grow with them: by the square root
        of the steps where these are a random walk, by the steps where they have one direction. The
        deviation is the smaller of both.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        known = np.isfinite(values) & (values > 0)
        logs = np.where(known, np.log(np.where(known, values, 1.0)), np.nan)
    if gaps is None or np.unique(gaps[1:]).size <= 1:
        return Deviation(*_against_past(logs))
    steps = np.log(np.maximum(np.asarray(gaps, np.float64), 1.0))
    one, other = (_against_past(logs - share * steps) for share in (0.5, 1.0))
    nearer = np.abs(one[0]) <= np.abs(other[0])
    z = np.where(one[0] * other[0] > 0, np.where(nearer, one[0], other[0]), 0.0)
    return Deviation(z, np.where(z != 0, np.where(nearer, one[1], other[1]), 1.0))


def _against_past(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    z, factor = np.zeros(logs.shape), np.ones(logs.shape)
    rows, columns = np.nonzero(_may_deviate(logs))
    if not rows.size:
        return z, factor
    padded = np.pad(logs, ((0, 0), (HISTORY, 0)), constant_values=np.nan)
    before = np.lib.stride_tricks.sliding_window_view(padded, HISTORY, axis=1)[rows, columns]
    median = _median(before)
    spread = np.maximum(NORMAL_MAD * _median(np.abs(before - median[:, None])), SPREAD_FLOOR)
    away = logs[rows, columns] - median
    far = np.abs(away) >= LEAST_Z * spread
    z[rows[far], columns[far]] = (away / spread)[far]
    factor[rows[far], columns[far]] = np.exp(away[far])
    return z, factor


def _may_deviate(logs: np.ndarray) -> np.ndarray:
    """Mark the values that may be 4 floors of the spread from the median before them.

    Sums are enough for that, medians are not needed: the median of a window is at most a standard
    deviation from its mean.
    """
    known = ~np.isnan(logs)
    filled = np.where(known, logs, 0.0)
    counts, sums, squares = (_before(of) for of in (known, filled, filled**2))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums / counts
        deviation = np.sqrt(np.maximum(squares / counts - mean**2, 0.0))
        may = np.abs(logs - mean) + deviation > LEAST_Z * SPREAD_FLOOR * (1 - 1e-6)
    return may & (counts >= FEWEST)


def _before(values: np.ndarray) -> np.ndarray:
    """Add up the up to 20 values before each, [row, column]."""
    sums = np.pad(np.cumsum(values, axis=1, dtype=np.float64), ((0, 0), (HISTORY + 1, 0)))
    end, begin = HISTORY + np.arange(values.shape[1]), np.arange(values.shape[1])
    return sums[:, end] - sums[:, begin]


def _median(rows: np.ndarray) -> np.ndarray:
    """Give the median of the known values of each row."""
    ordered = np.sort(rows, axis=1)
    count = np.maximum((~np.isnan(rows)).sum(axis=1), 1)
    places = ((count - 1) // 2, count // 2)
    low, high = (np.take_along_axis(ordered, p[:, None], axis=1)[:, 0] for p in places)
    return (low + high) / 2

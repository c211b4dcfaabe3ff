"""Ranking of iterations by their anomalies."""

import numpy as np

from deeptracker.pipeline.measures.own_past import NORMAL_MAD

__all__ = ["iteration_score"]


def iteration_score(
    image_anomalies: np.ndarray, filter_anomalies: np.ndarray, highest_score: np.ndarray
) -> np.ndarray:
    """Score how unusual an iteration is, by its images or by its filters.

    Each series is standardised over the run by its median and median absolute deviation; the score
    is the greatest of the three. So a mass flip, many anomalous filters, and a single strongly
    anomalous filter all rank high.

    Parameters
    ----------
    image_anomalies, filter_anomalies : numpy.ndarray
        Counts [column].
    highest_score : numpy.ndarray
        float [column]: the highest filter score; NaN if unknown.

    Returns
    -------
    numpy.ndarray
        float32 [column], 0 and up.
    """
    series = [
        _standardised(image_anomalies, least_spread=1.0),
        _standardised(filter_anomalies, least_spread=1.0),
        _standardised(highest_score, least_spread=1.0),
    ]
    return np.maximum.reduce([np.nan_to_num(values) for values in series], initial=0.0).astype(
        np.float32
    )


def _standardised(values: np.ndarray, least_spread: float) -> np.ndarray:
    numbers = np.asarray(values, np.float64)
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return np.zeros(numbers.shape)
    median = np.median(finite)
    spread = NORMAL_MAD * np.median(np.abs(finite - median))
    # An infinite score is the highest, not a missing one.
    bounded = np.where(np.isposinf(numbers), np.finfo(np.float32).max, numbers)
    return (bounded - median) / max(spread, least_spread)

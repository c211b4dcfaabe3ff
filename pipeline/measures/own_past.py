"""Series against their own past: stretches of marks; median and spread before each value."""

import numpy as np

__all__ = ["NORMAL_MAD", "beginnings", "median_before", "spread_before", "stretches"]

# The median absolute deviation of a normal distribution is its standard deviation over this.
NORMAL_MAD = 1.4826


def stretches(marks: np.ndarray) -> list[tuple[int, int]]:
    """Give (first, length) of every run of true marks."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(np.int8), [0]])))
    return [
        (int(first), int(end - first)) for first, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def beginnings(marks: np.ndarray) -> list[int]:
    """Give the first column of each run of true marks."""
    return [first for first, _ in stretches(marks)]


def median_before(values: np.ndarray, history: int) -> np.ndarray:
    """Give the median of the `history` values before each; infinite with fewer than five."""
    before = _before(values, history)
    finite = np.where(np.isfinite(before), before, np.nan)
    known = np.isfinite(before).sum(axis=1)
    return np.where(known >= 5, _median(finite), np.inf)


def spread_before(values: np.ndarray, history: int) -> np.ndarray:
    """Give the spread of the values before each; 0 where there is no median."""
    middle = median_before(values, history)
    usual = np.isfinite(middle)
    deviations = np.abs(_before(values, history) - np.where(usual, middle, 0)[:, None])
    return np.where(usual, NORMAL_MAD * _median(deviations), 0.0)


def _before(values: np.ndarray, history: int) -> np.ndarray:
    """Give the `history` values before each, [column, before]; padded with NaN."""
    padded = np.concatenate([np.full(history, np.nan), np.asarray(values, np.float64)])
    return np.lib.stride_tricks.sliding_window_view(padded, history)[: len(values)]


def _median(rows: np.ndarray) -> np.ndarray:
    """Give the median of each row without its NaNs, which sort last."""
    ordered = np.sort(rows, axis=1)
    count = np.maximum((~np.isnan(rows)).sum(axis=1), 1)
    low, high = (
        np.take_along_axis(ordered, place[:, None], axis=1)[:, 0]
        for place in ((count - 1) // 2, count // 2)
    )
    # Take equal values as they are: half of the sum is no median of infinite values.
    return np.where(low == high, low, (low + high) / 2)

"""Vertical scales of small multiples: one per node or one for all, linear or logarithmic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from deeptracker.dashboard.data.byte_cache import SHARED
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.run import Run

__all__ = ["Scale", "scale_of", "window_extremes"]

# Below a thousandth of the largest value a signed logarithmic scale is linear.
LINEAR_SHARE = 1e-3


@dataclass(frozen=True)
class Scale:
    """A vertical scale.

    Attributes
    ----------
    kind : {"linear", "log", "symlog"}
        ``symlog`` is logarithmic on both sides of zero and linear up to `threshold`.
    low, high : float
        Values at the lower and upper end.
    threshold : float
        Of ``symlog``; 0 otherwise.
    """

    kind: Literal["linear", "log", "symlog"]
    low: float
    high: float
    threshold: float = 0.0

    @classmethod
    def over(cls, low: float, high: float, least: float, *, log: bool) -> "Scale":
        """Make a scale that covers a range of values.

        Parameters
        ----------
        low, high : float
            The least and the greatest value; NaN if there are none.
        least : float
            The least positive value; NaN if there is none.
        log : bool
            Whether a logarithmic scale is wanted.
        """
        if not (np.isfinite(low) and np.isfinite(high)):
            return cls("log", 0.1, 1.0) if log else cls("linear", 0.0, 1.0)
        if low == high and (low <= 0.0 or not log):
            room = abs(high) * 0.1 or 1.0
            low, high = low - room, high + room
        if not log:
            return cls("linear", low, high)
        if low > 0.0:
            return cls("log", low / 1.1, high * 1.1) if low == high else cls("log", low, high)
        if low == 0.0 and np.isfinite(least):
            # For values that are never negative, zero lies on the lower edge.
            return cls("log", min(least, high / 10), high)
        return cls("symlog", low, high, _power_of_ten(max(-low, high) * LINEAR_SHARE))

    @property
    def options(self) -> dict[str, Any]:
        """The scale as options of a chart's row."""
        return {
            "scale": self.kind,
            "low": self.low,
            "high": self.high,
            "threshold": self.threshold,
        }


def window_extremes(
    run: Run, path: str, columns: PixelColumns
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give each node's least, greatest and least positive value in a window; cached.

    Returns
    -------
    tuple of numpy.ndarray
        Three float64 [node]; NaN if there is no such value.
    """
    key = (run.location, run.commit, "extremes", path, columns.first, columns.last)

    def compute() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        values = run.array(path)[..., columns.span]
        known = np.where(np.isfinite(values), values, np.nan)
        positive = np.where(known > 0, known, np.nan)
        return (
            np.fmin.reduce(known, axis=1),
            np.fmax.reduce(known, axis=1),
            np.fmin.reduce(positive, axis=1),
        )

    low, high, least = SHARED.get(key, compute)
    return low, high, least


def scale_of(
    run: Run, paths: Sequence[str], nodes: Sequence[int], columns: PixelColumns, *, log: bool
) -> Scale:
    """Give the scale that covers some statistics of some nodes in a window."""
    found = [window_extremes(run, path, columns) for path in paths]
    chosen = list(nodes)

    def reduced(place: int, reduce: np.ufunc) -> float:
        parts = [values[place][chosen] for values in found if len(chosen)]
        return float(reduce.reduce(np.concatenate(parts))) if parts else float("nan")

    return Scale.over(reduced(0, np.fmin), reduced(1, np.fmax), reduced(2, np.fmin), log=log)


def _power_of_ten(value: float) -> float:
    return float(10.0 ** np.floor(np.log10(value))) if value > 0 else 1.0

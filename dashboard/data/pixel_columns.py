"""The columns that a chart shows: the window's iterations, one or several per place."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from deeptracker.dashboard.data.run import Run

__all__ = ["MOST_COLUMNS", "PixelColumns"]

# About one place per pixel of a wide screen, so that a chart's data do not grow with the run.
MOST_COLUMNS = 1024


@dataclass(frozen=True)
class PixelColumns:
    """Columns `first` to `last` of the run, `step` of them per place of a chart.

    Attributes
    ----------
    first, last, step : int
    """

    first: int
    last: int
    step: int = 1

    @classmethod
    def of(
        cls, run: Run, window: tuple[float, float] | None, most: int = MOST_COLUMNS
    ) -> "PixelColumns":
        """Give the columns of a window of iterations; None means all."""
        first, last = run.columns(window)
        return cls(first, last, max(1, -(-(last - first + 1) // most)))

    @classmethod
    def sent(
        cls, run: Run, window: tuple[float, float] | None, most: int = MOST_COLUMNS
    ) -> "PixelColumns":
        """Give all columns if no two share a place, so that zooming needs no others.

        Otherwise give only the window's columns, so that zooming in shows a finer resolution.
        """
        whole = cls.of(run, None, most)
        return whole if whole.step == 1 else cls.of(run, window, most)

    @property
    def span(self) -> slice:
        """The columns as a slice of the run's."""
        return slice(self.first, self.last + 1)

    @property
    def options(self) -> dict[str, Any]:
        """The columns as options of a chart's row."""
        return {"column0": self.first, "step": self.step}

    def joined(self, values: np.ndarray, how: Literal["mean", "min", "max", "sum"]) -> np.ndarray:
        """Join every `step` columns along the last axis; missing values are left out.

        Parameters
        ----------
        values : numpy.ndarray
            [..., column of the window].

        Returns
        -------
        numpy.ndarray
            [..., place]; NaN where all joined values are NaN.
        """
        if self.step == 1:
            return values
        numbers = values.astype(np.float64 if values.dtype.kind != "f" else values.dtype)
        padding = [(0, 0)] * (values.ndim - 1) + [(0, -values.shape[-1] % self.step)]
        padded = np.pad(numbers, padding, constant_values=np.nan)
        groups = padded.reshape(*values.shape[:-1], -1, self.step)
        if how in ("min", "max"):
            return (np.fmin if how == "min" else np.fmax).reduce(groups, axis=-1)
        known = np.isfinite(groups)
        total, count = np.where(known, groups, 0).sum(axis=-1), known.sum(axis=-1)
        joined = total / np.maximum(count, 1) if how == "mean" else total
        return np.where(count > 0, joined, np.nan)

"""The columns that a chart shows: the window's iterations, several to one where they crowd."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from deeptracker.dashboard.data.run import Run

__all__ = ["MOST_COLUMNS", "PixelColumns"]

# About a pixel each on a wide screen: what a chart is sent does not grow with the run.
MOST_COLUMNS = 1024


@dataclass(frozen=True)
class PixelColumns:
    """Columns `first` to `last` of the run, `step` of them in one place of a chart.

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
        """Give the columns of a window of iterations; of all for None."""
        first, last = run.columns(window)
        return cls(first, last, max(1, -(-(last - first + 1) // most)))

    @classmethod
    def sent(
        cls, run: Run, window: tuple[float, float] | None, most: int = MOST_COLUMNS
    ) -> "PixelColumns":
        """Give all columns where they have a place each, so that no zoom needs others.

        Where they have not, those of the window alone: what is zoomed into is finer.
        """
        whole = cls.of(run, None, most)
        return whole if whole.step == 1 else cls.of(run, window, most)

    @property
    def span(self) -> slice:
        """The columns as a slice of the run's."""
        return slice(self.first, self.last + 1)

    @property
    def options(self) -> dict[str, Any]:
        """What a row of a chart needs to know of them."""
        return {"column0": self.first, "step": self.step}

    def joined(self, values: np.ndarray, how: Literal["mean", "min", "max", "sum"]) -> np.ndarray:
        """Join every `step` columns along the last axis; what is missing is left out.

        Parameters
        ----------
        values : numpy.ndarray
            [..., column of the window].

        Returns
        -------
        numpy.ndarray
            [..., place]; NaN where all joined values are.
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

"""Positions of columns on a time axis: evenly wide, or at their iterations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Spacing"]


@dataclass(frozen=True)
class Spacing:
    """The edges of a run's columns: column numbers, or iterations half way between neighbours.

    Attributes
    ----------
    iterations : numpy.ndarray
        int64 [column].
    edges : numpy.ndarray
        float64 [column + 1], rising.
    is_true : bool
        Whether places are iterations; else they are column numbers.
    """

    iterations: np.ndarray
    edges: np.ndarray
    is_true: bool

    @classmethod
    def of(cls, iterations: Sequence[int] | np.ndarray, spacing: str) -> "Spacing":
        """Make the spacing of a page: "ordinal" or "true".

        A single iteration has no neighbour to define its width: its spacing is ordinal.
        """
        recorded = np.asarray(iterations, np.int64)
        if spacing != "true" or len(recorded) < 2:
            return cls(recorded, np.arange(len(recorded) + 1.0), is_true=False)
        between = (recorded[1:] + recorded[:-1]) / 2
        first = recorded[0] - (recorded[1] - recorded[0]) / 2
        last = recorded[-1] + (recorded[-1] - recorded[-2]) / 2
        return cls(recorded, np.concatenate([[first], between, [last]]), is_true=True)

    def place(self, column: float) -> float:
        """Give the place of a column's edge, or of a point between two edges."""
        return float(np.interp(column, np.arange(len(self.edges)), self.edges))

    def column(self, place: float) -> float:
        """Give the column at a place, and the fraction of the column before the place."""
        return float(np.interp(place, self.edges, np.arange(len(self.edges))))

    def centre(self, column: int) -> float:
        """Give the place of a column's mark: at its iteration, or in its middle."""
        return float(self.iterations[column]) if self.is_true else column + 0.5

    def cells(self, columns: np.ndarray, most: int) -> int:
        """Give the number of even cells that show columns with exact edges; at most `most`.

        Parameters
        ----------
        columns : numpy.ndarray
            float64 [edge], in columns.
        most : int
        """
        # Iterations are whole numbers, so every edge is a multiple of one half.
        halves = np.rint(2 * np.array([self.place(column) for column in columns])).astype(np.int64)
        width = int(np.gcd.reduce(np.diff(halves)))
        return min(most, int(halves[-1] - halves[0]) // max(1, width))


def runs_of(edges: np.ndarray, pixels: int) -> np.ndarray:
    """Find the cells, of any width, under each of evenly wide pixels.

    A cell has the pixels whose middle lies in it. A cell too narrow for that shares the pixel in
    which it lies, so that no cell is lost.

    Parameters
    ----------
    edges : numpy.ndarray
        float64 [cell + 1], rising.
    pixels : int

    Returns
    -------
    numpy.ndarray
        int64 [pixel, 2]: its first and last cell.
    """
    at = (edges - edges[0]) / (edges[-1] - edges[0]) * pixels
    under = np.searchsorted(at, np.arange(pixels) + 0.5, side="right") - 1
    runs = np.stack([under, under], axis=1)
    narrow = np.setdiff1d(np.arange(len(edges) - 1), under)
    middles = np.minimum((at[narrow] + at[narrow + 1]) / 2, pixels - 1).astype(np.int64)
    np.minimum.at(runs[:, 0], middles, narrow)
    np.maximum.at(runs[:, 1], middles, narrow)
    return runs

"""An axis of the cube: its items in order, the window that is shown, and its pixels."""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["CELLS_AT_MOST", "Axis"]

# Most cells of a face along an axis, for a run of any size.
CELLS_AT_MOST = 640


@dataclass(frozen=True)
class Axis:
    """Items along one axis; if there are more than fit, neighbours share a cell.

    Attributes
    ----------
    labels : list of str
        The name of each item, all items in order.
    wholes : numpy.ndarray
        int64 [item]: the number of the item's class or layer.
    parts : numpy.ndarray
        int64 [item]: the number of the item's image or filter; -1 for a class or a layer.
    first, last : int
        The window: the first item shown, and the one after the last.
    """

    labels: list[str]
    wholes: np.ndarray
    parts: np.ndarray
    first: int
    last: int

    @classmethod
    def of(
        cls,
        labels: list[str],
        wholes: np.ndarray,
        parts: np.ndarray,
        window: tuple[float, ...] | None,
    ) -> "Axis":
        """Clip a window to the existing items; None means all of them."""
        count = len(labels)
        first, last = (0, count) if window is None else (int(window[0]), int(window[1]))
        first = min(max(0, first), max(0, count - 1))
        return cls(labels, wholes, parts, first, min(max(first + 1, last), count))

    @property
    def shown(self) -> slice:
        """The items in the window."""
        return slice(self.first, self.last)

    @property
    def step(self) -> int:
        """How many items share a cell."""
        return max(1, -(-(self.last - self.first) // CELLS_AT_MOST))

    def place(self, whole: int, part: int = -1) -> int:
        """Position of a class, layer, image or filter among the items; -1 if it is none of them."""
        found = np.flatnonzero((self.wholes == whole) & (self.parts == part))
        return int(found[0]) if len(found) else -1

    def items(self, cell: int) -> slice:
        """Give the items under a cell of the window."""
        start = min(self.first + cell * self.step, self.last - 1)
        return slice(start, min(start + self.step, self.last))

    def described(self) -> dict[str, Any]:
        """Give the window's description for the browser."""
        return {"first": self.first, "last": self.last, "step": self.step}


def binned(values: np.ndarray, steps: tuple[int, int]) -> np.ndarray:
    """Keep the greatest of the values that share a cell, so that no outlier is lost.

    Parameters
    ----------
    values : numpy.ndarray
        Numbers or booleans [v, u].
    steps : tuple of int
        How many values along each axis share a cell.
    """
    for axis, step in enumerate(steps):
        if step > 1:
            values = np.maximum.reduceat(values, np.arange(0, values.shape[axis], step), axis=axis)
    return values


def binned_where(values: np.ndarray, kept: np.ndarray, steps: tuple[int, int]) -> np.ndarray:
    """Keep the greatest of a cell's values in kept columns; without kept ones, of all.

    Parameters
    ----------
    values : numpy.ndarray
        Counts [v, u], from 0.
    kept : numpy.ndarray
        bool [u].
    steps : tuple of int
    """
    whole = binned(values, steps)
    if kept.all():
        return whole
    inside = binned(np.where(kept, values, -1), steps)
    return np.where(inside >= 0, inside, whole)


def binned_by(strength: np.ndarray, steps: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Choose the strongest of the values that share a cell.

    Returns
    -------
    rows, columns : numpy.ndarray
        int64 [v, u]: where in `strength` each cell's representative stands.
    """
    height, width = strength.shape
    tall, wide = (-(-size // step) for size, step in zip(strength.shape, steps, strict=True))
    padding = ((0, tall * steps[0] - height), (0, wide * steps[1] - width))
    filled = np.pad(strength.astype(np.float64), padding, constant_values=-np.inf)
    blocks = filled.reshape(tall, steps[0], wide, steps[1]).transpose(0, 2, 1, 3)
    best = blocks.reshape(tall, wide, -1).argmax(axis=2)
    rows = np.arange(tall)[:, None] * steps[0] + best // steps[1]
    columns = np.arange(wide)[None, :] * steps[1] + best % steps[1]
    return rows, columns

"""Sums over weights from which all statistics but the quantiles follow, and which merge exactly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

__all__ = ["Moments"]


def _add(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.sum(values, axis=0)


def _least(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.fmin.reduce(values, axis=0)


def _greatest(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.fmax.reduce(values, axis=0)


MERGERS: dict[str, Callable[[Sequence[np.ndarray]], np.ndarray]] = {"min": _least, "max": _greatest}


@dataclass(frozen=True)
class Moments:
    r"""Sums over the weights of a node; W the weights, P those of the snapshot before, D = W - P.

    Non-finite weights are counted in `nonfinite` and left out of everything else. A column without
    a snapshot has counts of zero.

    Attributes
    ----------
    count, nonfinite, norm0 : numpy.ndarray
        int64 [column]: finite weights, others, and those that are not zero.
    sum, sum_squares, norm1 : numpy.ndarray
        float64 [column]: of W, W squared and \\|W\\|.
    min, max : numpy.ndarray
        float64 [column], NaN where there is no finite weight.
    pairs : numpy.ndarray
        int64 [column]: weights that are finite in both snapshots.
    change_squares, previous_squares : numpy.ndarray
        float64 [column]: sums of D squared over the pairs, and of P squared over finite P.
    change_counts : numpy.ndarray
        int64 [threshold, column]: pairs with \\|D\\| > threshold \\|P\\|.
    """

    count: np.ndarray
    nonfinite: np.ndarray
    norm0: np.ndarray
    sum: np.ndarray
    sum_squares: np.ndarray
    norm1: np.ndarray
    min: np.ndarray
    max: np.ndarray
    pairs: np.ndarray
    change_squares: np.ndarray
    previous_squares: np.ndarray
    change_counts: np.ndarray

    @classmethod
    def stacked(cls, parts: "Sequence[Moments]") -> "Moments":
        """Put the moments of several nodes together: [node, …, column] each."""
        return cls(
            **{
                field.name: np.stack([getattr(part, field.name) for part in parts])
                for field in fields(cls)
            }
        )

    @classmethod
    def merge(cls, parts: "Sequence[Moments]") -> "Moments":
        """Add up the moments of several parts, over the same columns and thresholds."""
        return cls(
            **{
                field.name: MERGERS.get(field.name, _add)(
                    [getattr(part, field.name) for part in parts]
                )
                for field in fields(cls)
            }
        )

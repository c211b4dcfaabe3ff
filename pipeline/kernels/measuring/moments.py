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
    a snapshot has counts of zero. All are of several nodes, along a first axis.

    Attributes
    ----------
    count, nonfinite, norm0 : numpy.ndarray
        int64 [node, column]: finite weights, others, and those that are not zero.
    sum, sum_squares, norm1 : numpy.ndarray
        float64 [node, column]: of W, W squared and \\|W\\|.
    min, max : numpy.ndarray
        float64 [node, column], NaN where there is no finite weight.
    pairs : numpy.ndarray
        int64 [node, column]: weights that are finite in both snapshots.
    change_squares, previous_squares : numpy.ndarray
        float64 [node, column]: sums of D squared over the pairs, and of P squared over finite P.
    change_counts : numpy.ndarray
        int64 [node, threshold, column]: pairs with \\|D\\| > threshold \\|P\\|.
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
    def joined(cls, some: "Sequence[Moments]") -> "Moments":
        """Put the moments of several groups of nodes one behind the other."""
        return cls(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in some])
                for field in fields(cls)
            }
        )

    def of(self, nodes: np.ndarray) -> "Moments":
        """Give those of some nodes, by their places or a mask."""
        return Moments(**{field.name: getattr(self, field.name)[nodes] for field in fields(self)})

    @classmethod
    def merge(cls, parts: "Sequence[Moments]") -> "Moments":
        """Add up the moments of several parts of the same nodes, columns and thresholds."""
        return cls(
            **{
                field.name: MERGERS.get(field.name, _add)(
                    [getattr(part, field.name) for part in parts]
                )
                for field in fields(cls)
            }
        )

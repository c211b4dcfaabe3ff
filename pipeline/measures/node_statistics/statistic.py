"""A statistic of nodes, and its inputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from deeptracker.pipeline.kernels.measuring.moments import Moments

__all__ = ["Gathered", "NodeStatistic"]


@dataclass(frozen=True)
class Gathered:
    """Sums and quantiles of some nodes, gathered by the kernels.

    Attributes
    ----------
    moments : Moments
        Sums over the weights, each [node, …, column].
    quantiles : dict of float to numpy.ndarray
        By their shares, those that statistics name: float64 [node, column], within 1.6 %; NaN where
        a node has no finite weight.
    """

    moments: Moments
    quantiles: Mapping[float, np.ndarray]

    @cached_property
    def count(self) -> np.ndarray:
        """Finite weights, float64 [node, column]; NaN where there are none."""
        return self.known(self.moments.count)

    def known(self, values: np.ndarray) -> np.ndarray:
        """Give values [node, column] as float64, NaN where a node has no finite weight."""
        return np.where(self.moments.count == 0, np.nan, values)

    @property
    def change_ratios(self) -> np.ndarray:
        """Shares of the weights that changed by more than each threshold.

        Returns
        -------
        numpy.ndarray
            float64 [node, threshold, column], NaN where there is no snapshot before.
        """
        pairs = np.where(self.moments.pairs == 0, np.nan, self.moments.pairs)
        return self.moments.change_counts / pairs[:, None]


@dataclass(frozen=True)
class NodeStatistic:
    """A statistic of every node of the tree, of its weights and of its gradients.

    Attributes
    ----------
    name : str
        Name of its array in the store, with the prefix ``grad_`` for gradients.
    label : str
        Text in menus and legends.
    long_name, units : str
        Attributes of its array.
    of : callable
        Computes float64 [node, column] from `Gathered`; NaN where there are no weights.
    joined : {"mean", "min", "max"}
        How iterations that share a pixel are combined, so that outliers stay visible.
    shares : tuple of float
        The quantiles that it takes, each over 0 and at most 1.
    """

    name: str
    label: str
    long_name: str
    of: Callable[[Gathered], np.ndarray]
    units: str = "1"
    joined: Literal["mean", "min", "max"] = "mean"
    shares: tuple[float, ...] = ()

"""A statistic of nodes, and its inputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from deeptracker.pipeline.kernels.measuring.moments import Moments

if TYPE_CHECKING:
    from deeptracker.pipeline.kernels.measuring.histograms import SparseHistogram

__all__ = ["Gathered", "NodeStatistic"]

QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Gathered:
    """Sums and histograms of some nodes, gathered by the kernels.

    Attributes
    ----------
    moments : Moments
        Sums over the weights, each [node, …, column].
    histograms : sequence of SparseHistogram
        The weights of each node in fine bins.
    """

    moments: Moments
    histograms: "Sequence[SparseHistogram]"

    @classmethod
    def of(cls, moments: Sequence[Moments], histograms: "Sequence[SparseHistogram]") -> "Gathered":
        """Stack the moments and histograms of the nodes."""
        return cls(Moments.stacked(moments), histograms)

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

    def quantiles(self, shares: Sequence[float]) -> np.ndarray:
        """Find quantiles of the weights, within 1.6 %.

        Parameters
        ----------
        shares : sequence of float
            Ascending, each over 0 and at most 1.

        Returns
        -------
        numpy.ndarray
            float64 [share, node, column], NaN where a node has no finite weight.
        """
        # Import late: names and meanings are needed without Numba.
        from deeptracker.pipeline.kernels.measuring.quantiles import quantiles  # noqa: PLC0415

        limits = zip(self.histograms, self.moments.min, self.moments.max, strict=True)
        return np.stack([quantiles(histogram, shares, *each) for histogram, *each in limits], 1)

    @cached_property
    def quartiles(self) -> np.ndarray:
        """First quartile, median and third quartile, float64 [3, node, column]."""
        return self.quantiles(QUARTILES)


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
    """

    name: str
    label: str
    long_name: str
    of: Callable[[Gathered], np.ndarray]
    units: str = "1"
    joined: Literal["mean", "min", "max"] = "mean"

"""Spread of the weights of a node."""

import numpy as np

from deeptracker.pipeline.measures.node_statistics.statistic import Gathered, NodeStatistic

__all__ = ["STATISTICS"]


def variance(gathered: Gathered) -> np.ndarray:
    """Give the variance of the population."""
    moments, count = gathered.moments, gathered.count
    # Rounding may give a variance of about -1e-17 if all weights are equal.
    return np.maximum(moments.sum_squares / count - (moments.sum / count) ** 2, 0.0)


def deviation(gathered: Gathered) -> np.ndarray:
    """Give the standard deviation of the population."""
    return np.sqrt(variance(gathered))


STATISTICS = (
    NodeStatistic("std", "standard deviation", "standard deviation of the weights", deviation),
    NodeStatistic("var", "variance", "variance of the weights", variance),
)

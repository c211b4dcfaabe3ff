"""Norms of the weights of a node."""

import numpy as np

from deeptracker.pipeline.measures.node_statistics.statistic import NodeStatistic

__all__ = ["STATISTICS"]

STATISTICS = (
    NodeStatistic("norm1", "norm 1", "sum of absolute weights", lambda g: g.known(g.moments.norm1)),
    NodeStatistic(
        "norm2",
        "norm 2",
        "Euclidean norm of the weights",
        lambda g: g.known(np.sqrt(g.moments.sum_squares)),
    ),
    NodeStatistic(
        "norm0", "non-zeros", "weights that are not zero", lambda g: g.known(g.moments.norm0)
    ),
)

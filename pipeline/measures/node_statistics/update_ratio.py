"""Change of a node's weights since the snapshot before, relative to their size."""

import numpy as np

from deeptracker.pipeline.measures.node_statistics.statistic import Gathered, NodeStatistic

__all__ = ["STATISTICS"]


def update_ratio(gathered: Gathered) -> np.ndarray:
    """Give norm2(D) / norm2(P): 0 if nothing changed, NaN if there is no snapshot before."""
    moments = gathered.moments
    ratio = np.sqrt(moments.change_squares / moments.previous_squares)
    still = (moments.change_squares == 0) & (moments.previous_squares == 0)
    return np.where(moments.pairs == 0, np.nan, np.where(still, 0.0, ratio))


STATISTICS = (
    NodeStatistic(
        "update_ratio",
        "update ratio",
        "norm of the change over the norm before it",
        update_ratio,
        joined="max",
    ),
)

"""Numbers of finite and other weights of a node."""

import numpy as np

from deeptracker.pipeline.measures.node_statistics.statistic import Gathered, NodeStatistic

__all__ = ["STATISTICS"]


def recorded(gathered: Gathered, counts: np.ndarray) -> np.ndarray:
    """Give counts as float64, NaN where no weight was recorded."""
    moments = gathered.moments
    return np.where(moments.count + moments.nonfinite > 0, counts, np.nan)


STATISTICS = (
    NodeStatistic(
        "count", "finite weights", "finite weights", lambda g: recorded(g, g.moments.count)
    ),
    NodeStatistic(
        "nonfinite",
        "not finite",
        "weights that are not finite",
        lambda g: recorded(g, g.moments.nonfinite),
        joined="max",
    ),
)

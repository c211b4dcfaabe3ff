"""Mean and sum of the weights of a node."""

from deeptracker.pipeline.measures.node_statistics.statistic import NodeStatistic

__all__ = ["STATISTICS"]

STATISTICS = (
    NodeStatistic("mean", "mean", "mean of the weights", lambda g: g.moments.sum / g.count),
    NodeStatistic("sum", "sum", "sum of the weights", lambda g: g.known(g.moments.sum)),
)

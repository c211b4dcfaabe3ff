"""The five numbers that bound the quarters of a node's weights."""

from deeptracker.pipeline.measures.node_statistics.statistic import NodeStatistic

__all__ = ["STATISTICS"]

STATISTICS = (
    NodeStatistic("min", "minimum", "least weight", lambda g: g.moments.min, joined="min"),
    NodeStatistic(
        "q1", "first quartile", "first quartile of the weights", lambda g: g.quartiles[0]
    ),
    NodeStatistic("median", "median", "median of the weights", lambda g: g.quartiles[1]),
    NodeStatistic(
        "q3", "third quartile", "third quartile of the weights", lambda g: g.quartiles[2]
    ),
    NodeStatistic("max", "maximum", "greatest weight", lambda g: g.moments.max, joined="max"),
)

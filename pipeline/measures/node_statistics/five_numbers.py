"""The five numbers that bound the quarters of a node's weights."""

from deeptracker.pipeline.measures.node_statistics.statistic import NodeStatistic

__all__ = ["STATISTICS"]


def quantile(name: str, label: str, long_name: str, share: float) -> NodeStatistic:
    """Make the statistic of a quantile."""
    return NodeStatistic(name, label, long_name, lambda g: g.quantiles[share], shares=(share,))


STATISTICS = (
    NodeStatistic("min", "minimum", "least weight", lambda g: g.moments.min, joined="min"),
    quantile("q1", "first quartile", "first quartile of the weights", 0.25),
    quantile("median", "median", "median of the weights", 0.5),
    quantile("q3", "third quartile", "third quartile of the weights", 0.75),
    NodeStatistic("max", "maximum", "greatest weight", lambda g: g.moments.max, joined="max"),
)

"""The list of node statistics."""

from importlib import import_module

import numpy as np

from deeptracker.pipeline.measures.node_statistics.statistic import Gathered, NodeStatistic

__all__ = ["NODE_STATISTICS", "SHARES", "statistics_of"]

# Modules of this folder with a tuple STATISTICS; menus list them in this order.
FILES = (
    "spread",
    "total",
    "norms",
    "five_numbers",
    "update_ratio",
    "counts",
)
NODE_STATISTICS: dict[str, NodeStatistic] = {
    statistic.name: statistic
    for name in FILES
    for statistic in import_module(f"{__package__}.{name}").STATISTICS
}
# The quantiles that any of them takes, ascending.
SHARES = tuple(sorted({share for one in NODE_STATISTICS.values() for share in one.shares}))


def statistics_of(gathered: Gathered) -> dict[str, np.ndarray]:
    """Compute every statistic of some nodes.

    Returns
    -------
    dict of str to numpy.ndarray
        float64 [node, column] each, NaN where there are no weights.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return {name: statistic.of(gathered) for name, statistic in NODE_STATISTICS.items()}

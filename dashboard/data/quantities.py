"""A store's statistics of nodes and measures of filters, with the labels for menus."""

from deeptracker.dashboard.data.run import Run
from deeptracker.pipeline.measures.filter_measures.registry import FILTER_MEASURES
from deeptracker.pipeline.measures.node_statistics.registry import NODE_STATISTICS

__all__ = ["SCORE", "filter_measures", "filter_ranks", "measure_label", "node_statistics"]

SCORE = "anomaly_score"
SCORE_LABEL = "anomaly score"


def node_statistics(run: Run) -> dict[str, str]:
    """Label the statistics of nodes that the store has; an older store may lack some."""
    found: dict[str, str] = run.fact(
        "statistics of nodes",
        lambda: {
            name: statistic.label
            for name, statistic in NODE_STATISTICS.items()
            if run.has(f"nodes/{name}")
        },
    )
    return found


def filter_ranks(run: Run) -> dict[str, str]:
    """Label the measures that rank filters: the anomaly score, then the measures of change."""
    return {SCORE: SCORE_LABEL} | _measures(run, of_change=True)


def filter_measures(run: Run) -> dict[str, str]:
    """Label the measures of filters: of change, the anomaly score, of size."""
    return _measures(run, of_change=True) | {SCORE: SCORE_LABEL} | _measures(run, of_change=False)


def measure_label(name: str) -> str:
    """Label a measure of filters."""
    return SCORE_LABEL if name == SCORE else FILTER_MEASURES[name].label


def _measures(run: Run, *, of_change: bool) -> dict[str, str]:
    stored = {str(name) for name in run.array("filters/measure")}
    return {
        name: measure.label
        for name, measure in FILTER_MEASURES.items()
        if name in stored and measure.of_change == of_change
    }

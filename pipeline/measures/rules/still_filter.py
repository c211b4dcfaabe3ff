"""Filters that are zero, or do not change, to the end of the training."""

from collections.abc import Iterator

import numpy as np

from deeptracker.pipeline.measures.rule_inputs import FilterSeries
from deeptracker.pipeline.measures.rules.dead_layer import DeadLimits
from deeptracker.pipeline.measures.rules.rule import Case, FilterRule, Limits

__all__ = ["RULES"]


def dead(series: FilterSeries, limits: DeadLimits) -> np.ndarray:
    """Mark where a filter is zero, bool [filter, column]."""
    return series.measures["norm2"] <= limits.dead_norm * np.sqrt(max(1, series.filter_size))


def frozen(series: FilterSeries, _limits: Limits) -> np.ndarray:
    """Mark where a filter does not change, bool [filter, column]."""
    return series.measures["change_euclidean"] == 0


def _at_end(series: FilterSeries, limits: Limits, still: np.ndarray, words: str) -> Iterator[Case]:
    """Find the filters whose marks last to the end, and for long enough."""
    columns = still.shape[1]
    unmarked = np.argmin(still[:, ::-1], axis=1)
    lengths = np.where(still.all(axis=1), columns, unmarked)
    for row in np.flatnonzero(lengths >= limits.still_snapshots):
        yield Case(
            int(series.iterations[columns - int(lengths[row])]),
            float(lengths[row]),
            f"{series.parameter}: filter {row} {words} in the last {lengths[row]} snapshots",
            node=series.layer,
            filter_name=f"{series.parameter}[{row}]",
        )


RULES = (
    FilterRule(
        name="dead_filter",
        severity="info",
        speaks="a filter is zero to the end",
        source="AllZero of Amazon SageMaker Debugger, of filters",
        limits=DeadLimits,
        measures=("norm2",),
        concerns=lambda end, limits: bool(dead(end, limits).all(axis=1).any()),
        find=lambda series, limits: _at_end(series, limits, dead(series, limits), "is zero"),
    ),
    FilterRule(
        name="frozen_filter",
        severity="info",
        speaks="a filter does not change to the end",
        source="UnchangedTensor of Amazon SageMaker Debugger, of filters",
        measures=("change_euclidean",),
        concerns=lambda end, limits: bool(frozen(end, limits).all(axis=1).any()),
        find=lambda series, limits: _at_end(
            series, limits, frozen(series, limits), "does not change"
        ),
    ),
)

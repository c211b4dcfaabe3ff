"""Health rules about values: weights and gradients, and how they move."""

from collections.abc import Iterator

import numpy as np

from deeptracker.pipeline.measures.finding import Finding, FindingThresholds
from deeptracker.pipeline.measures.own_past import beginnings, median_before, stretches
from deeptracker.pipeline.measures.rule_inputs import FilterSeries, NodeSeries, RunSeries

__all__ = ["dead_layer", "exploding_update", "not_finite", "still_filter", "still_layer"]


def not_finite(run: RunSeries, _limits: FindingThresholds) -> Iterator[Finding]:
    """Find weights or gradients that are NaN or infinite."""
    for prefix, what in (("", "weights"), ("grad_", "gradients")):
        for node, name, counts in _series(run, f"{prefix}nonfinite", "parameter"):
            for column in beginnings(counts > 0):
                yield Finding(
                    "not_finite",
                    "error",
                    name,
                    "",
                    int(node.iterations[column]),
                    float(counts[column]),
                    f"{name}: {counts[column]:.0f} {what} are NaN or infinite",
                )


def exploding_update(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find steps that are large against a layer's weights and against its own history."""
    for node, name, ratio in _series(run, "update_ratio", "layer"):
        usual = median_before(ratio, limits.history)
        over = (ratio > limits.exploding_update_ratio) & (
            ratio > limits.exploding_update_factor * usual
        )
        for column in beginnings(over):
            yield Finding(
                "exploding_update",
                "warning",
                name,
                "",
                int(node.iterations[column]),
                float(ratio[column]),
                f"{name}: moved by {ratio[column]:.0%} of its norm in one snapshot",
            )


def still_layer(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find layers that do not change at all (frozen), or hardly (vanishing)."""
    for node, name, ratio in _series(run, "update_ratio", "layer"):
        for rule, still, words in (
            ("frozen_layer", ratio == 0, "does not change"),
            (
                "vanishing_update",
                (ratio > 0) & (ratio < limits.vanishing_update_ratio),
                "hardly changes",
            ),
        ):
            for first, length in stretches(still):
                if length >= limits.still_snapshots:
                    yield Finding(
                        rule,
                        "warning",
                        name,
                        "",
                        int(node.iterations[first]),
                        float(length),
                        f"{name}: {words} for {length} snapshots",
                    )


def dead_layer(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find layers all of whose weights are zero."""
    for node, name, norm in _series(run, "norm2", "layer"):
        for column in beginnings(norm <= limits.dead_norm):
            yield Finding(
                "dead_layer",
                "error",
                name,
                "",
                int(node.iterations[column]),
                float(norm[column]),
                f"{name}: all weights are zero",
            )


def still_filter(series: FilterSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find filters that are zero, or do not change, to the end of the training."""
    layer = series.parameter.rpartition(".")[0] or series.parameter
    size = np.sqrt(max(1, series.filter_size))
    for rule, still, words in (
        ("dead_filter", series.norm2 <= limits.dead_norm * size, "is zero"),
        ("frozen_filter", series.change == 0, "does not change"),
    ):
        at_end = still.shape[1] - 1 - np.argmin(still[:, ::-1], axis=1)
        lengths = np.where(still.all(axis=1), still.shape[1], still.shape[1] - 1 - at_end)
        for row in np.flatnonzero(lengths >= limits.still_snapshots):
            first = still.shape[1] - int(lengths[row])
            yield Finding(
                rule,
                "info",
                layer,
                "",
                int(series.iterations[first]),
                float(lengths[row]),
                f"{series.parameter}: filter {row} {words} in the last {lengths[row]} snapshots",
            )


def _series(
    run: RunSeries, statistic: str, kind: str
) -> Iterator[tuple[NodeSeries, str, np.ndarray]]:
    nodes = run.nodes
    if nodes is None or statistic not in nodes.statistics:
        return
    for number, (name, its_kind) in enumerate(zip(nodes.names, nodes.kinds, strict=True)):
        if its_kind == kind:
            yield nodes, name, np.asarray(nodes.statistics[statistic][number])

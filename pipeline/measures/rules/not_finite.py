"""Weights or gradients that are NaN or infinite."""

from collections.abc import Iterator

from deeptracker.pipeline.measures.own_past import beginnings
from deeptracker.pipeline.measures.rule_inputs import RunSeries
from deeptracker.pipeline.measures.rules.rule import Case, Limits, RunRule

__all__ = ["RULES"]

KINDS = {"nonfinite": "weights", "grad_nonfinite": "gradients"}


def find(run: RunSeries, _limits: Limits) -> Iterator[Case]:
    """Find where a parameter begins to hold NaN or infinity."""
    for statistic, what in KINDS.items():
        for name, counts in run.nodes_of("parameter", statistic, lambda counts: counts > 0):
            for column in beginnings(counts > 0):
                yield Case(
                    run.iteration(column),
                    float(counts[column]),
                    f"{name}: {counts[column]:.0f} {what} are NaN or infinite",
                    node=name,
                )


RULES = (
    RunRule(
        name="not_finite",
        severity="error",
        speaks="a parameter's weights or gradients begin to hold NaN or infinity",
        source="ExplodingTensor of Amazon SageMaker Debugger",
        find=find,
        statistics=tuple(KINDS),
    ),
)

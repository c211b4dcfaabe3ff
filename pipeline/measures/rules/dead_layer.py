"""Layers all of whose weights are zero."""

from collections.abc import Iterator

from pydantic import Field

from deeptracker.pipeline.measures.own_past import beginnings
from deeptracker.pipeline.measures.rule_inputs import RunSeries
from deeptracker.pipeline.measures.rules.rule import Case, Limits, RunRule

__all__ = ["RULES", "DeadLimits"]


class DeadLimits(Limits):
    """When a layer, or a filter, is dead."""

    dead_norm: float = Field(
        default=1e-12, ge=0, description="root mean square weight up to which it is dead"
    )


def find(run: RunSeries, limits: DeadLimits) -> Iterator[Case]:
    """Find where a layer's norm begins to be zero."""
    most = limits.dead_norm
    for name, norm in run.nodes_of("layer", "norm2", lambda norms: norms <= most):
        for column in beginnings(norm <= most):
            yield Case(
                run.iteration(column),
                float(norm[column]),
                f"{name}: all weights are zero",
                node=name,
            )


RULES = (
    RunRule(
        name="dead_layer",
        severity="error",
        speaks="the norm of all of a layer's weights is zero",
        source="AllZero of Amazon SageMaker Debugger",
        limits=DeadLimits,
        find=find,
        statistics=("norm2",),
    ),
)

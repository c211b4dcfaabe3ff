"""Updates that are large relative to a layer's weights and to its earlier updates."""

from collections.abc import Iterator

from pydantic import Field

from deeptracker.pipeline.measures.own_past import beginnings, median_before
from deeptracker.pipeline.measures.rule_inputs import RunSeries
from deeptracker.pipeline.measures.rules.rule import Case, Limits, RunRule

__all__ = ["RULES"]


class ExplodingUpdateLimits(Limits):
    """When an update explodes."""

    exploding_update_ratio: float = Field(
        default=0.3, gt=0, description="a layer's update over its norm above which it explodes"
    )
    exploding_update_factor: float = Field(
        default=5.0,
        gt=0,
        description="factor over its earlier median that the ratio must also exceed",
    )


def find(run: RunSeries, limits: ExplodingUpdateLimits) -> Iterator[Case]:
    """Find where a layer's update ratio rises over both limits."""
    most = limits.exploding_update_ratio
    for name, ratio in run.nodes_of("layer", "update_ratio", lambda ratios: ratios > most):
        usual = median_before(ratio, limits.history)
        over = (ratio > most) & (ratio > limits.exploding_update_factor * usual)
        for column in beginnings(over):
            yield Case(
                run.iteration(column),
                float(ratio[column]),
                f"{name}: moved by {ratio[column]:.0%} of its norm in one snapshot",
                node=name,
            )


RULES = (
    RunRule(
        name="exploding_update",
        severity="warning",
        speaks="a layer's update ratio is over a limit, and over a multiple of its median before",
        source="WeightUpdateRatio of Amazon SageMaker Debugger; comparison with its past: ours",
        limits=ExplodingUpdateLimits,
        find=find,
        statistics=("update_ratio",),
    ),
)

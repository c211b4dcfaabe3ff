"""Layers that do not change at all (frozen), or hardly (vanishing)."""

from collections.abc import Callable, Iterator

import numpy as np
from pydantic import Field

from deeptracker.pipeline.measures.own_past import stretches
from deeptracker.pipeline.measures.rule_inputs import RunSeries
from deeptracker.pipeline.measures.rules.rule import Case, Limits, RunRule

__all__ = ["RULES"]


class VanishingUpdateLimits(Limits):
    """When a layer hardly learns."""

    vanishing_update_ratio: float = Field(
        default=1e-7,
        ge=0,
        description="a layer's update over its norm below which it hardly learns",
    )


def find_frozen(run: RunSeries, limits: Limits) -> Iterator[Case]:
    """Find stretches without any change."""
    yield from _still(run, limits, lambda ratio: ratio == 0, "does not change")


def find_vanishing(run: RunSeries, limits: VanishingUpdateLimits) -> Iterator[Case]:
    """Find stretches of hardly any change."""
    most = limits.vanishing_update_ratio
    yield from _still(run, limits, lambda ratio: (ratio > 0) & (ratio < most), "hardly changes")


def _still(
    run: RunSeries, limits: Limits, is_still: Callable[[np.ndarray], np.ndarray], words: str
) -> Iterator[Case]:
    for name, ratio in run.nodes_of("layer", "update_ratio", is_still):
        for first, length in stretches(is_still(ratio)):
            if length >= limits.still_snapshots:
                yield Case(
                    run.iteration(first),
                    float(length),
                    f"{name}: {words} for {length} snapshots",
                    node=name,
                )


RULES = (
    RunRule(
        name="vanishing_update",
        severity="warning",
        speaks="a layer's update ratio stays under a limit",
        source="WeightUpdateRatio of Amazon SageMaker Debugger",
        limits=VanishingUpdateLimits,
        find=find_vanishing,
        statistics=("update_ratio",),
    ),
    RunRule(
        name="frozen_layer",
        severity="warning",
        speaks="a layer does not change at all for so many snapshots",
        source="UnchangedTensor of Amazon SageMaker Debugger",
        find=find_frozen,
        statistics=("update_ratio",),
    ),
)

"""Losses far above those before them."""

from collections.abc import Iterator

import numpy as np
from pydantic import Field

from deeptracker.pipeline.measures.own_past import beginnings, median_before, spread_before
from deeptracker.pipeline.measures.rule_inputs import RunSeries
from deeptracker.pipeline.measures.rules.rule import Case, Limits, RunRule

__all__ = ["RULES"]


class LossSpikeLimits(Limits):
    """When a loss is a spike."""

    loss_spike_factor: float = Field(default=3.0, gt=1, description="times the median before")


def find(run: RunSeries, limits: LossSpikeLimits) -> Iterator[Case]:
    """Find where a loss rises over a multiple of its median, and over six spreads above it."""
    for name in ("train_loss", "validation_loss"):
        if name not in run.scalars:
            continue
        loss = np.asarray(run.scalars[name], np.float64)
        known = np.flatnonzero(np.isfinite(loss))
        values = loss[known]
        usual = median_before(values, limits.history)
        over = values > limits.loss_spike_factor * usual
        over &= values > usual + 6 * spread_before(values, limits.history)
        for column in beginnings(over):
            yield Case(
                int(run.scalar_iterations[known[column]]),
                float(values[column]),
                f"{name} rose to {values[column]:.3g}, {values[column] / usual[column]:.1f} times "
                "its usual value",
            )


RULES = (
    RunRule(
        name="loss_spike",
        severity="warning",
        speaks="`train_loss` or `validation_loss` is a multiple of its median before, and six "
        "spreads over it",
        source="loss spikes of Chowdhery et al., arXiv 2204.02311",
        limits=LossSpikeLimits,
        find=find,
    ),
)

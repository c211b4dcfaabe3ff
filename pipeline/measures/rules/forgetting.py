"""Classes that were recognised better earlier."""

from collections.abc import Iterator

import numpy as np
from pydantic import Field

from deeptracker.pipeline.measures.rule_inputs import RunSeries
from deeptracker.pipeline.measures.rules.rule import Case, Limits, RunRule
from deeptracker.settings_section import Share

__all__ = ["RULES"]


class ForgettingLimits(Limits):
    """When a class was forgotten."""

    forgetting_rise: Share = Field(
        default=0.2, description="rise of a class's error from its least"
    )


def find(run: RunSeries, limits: ForgettingLimits) -> Iterator[Case]:
    """Find classes with a last error far over their least error."""
    classes = run.classes
    if classes is None or not classes.error.size:
        return
    for number, name in enumerate(classes.names):
        error = classes.error[number].astype(np.float64)
        known = np.flatnonzero(np.isfinite(error))
        if not known.size:
            continue
        best, last = known[np.argmin(error[known])], known[-1]
        rise = error[last] - error[best]
        if rise > limits.forgetting_rise:
            yield Case(
                int(classes.iterations[best]),
                float(rise),
                f"class {name}: the error rose from {error[best]:.0%} at iteration "
                f"{classes.iterations[best]:,}, its least, to {error[last]:.0%} at the end",
                class_=name,
            )


RULES = (
    RunRule(
        name="forgetting",
        severity="warning",
        speaks="a class's last error exceeds its least by so much",
        source="of classes, as Toneva et al., arXiv 1812.05159, of examples",
        limits=ForgettingLimits,
        find=find,
    ),
)

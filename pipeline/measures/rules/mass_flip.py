"""Iterations at which far more images flip than before."""

from collections.abc import Iterator

import numpy as np
from pydantic import Field

from deeptracker.pipeline.measures.own_past import beginnings, median_before, spread_before
from deeptracker.pipeline.measures.rule_inputs import RunSeries
from deeptracker.pipeline.measures.rules.rule import Case, Limits, RunRule
from deeptracker.settings_section import Share

__all__ = ["RULES"]


class MassFlipLimits(Limits):
    """When many images flip at once."""

    mass_flip_share: Share = Field(default=0.1, description="share of the images that flip at once")


def find(run: RunSeries, limits: MassFlipLimits) -> Iterator[Case]:
    """Find where flips rise over the limit, and over six spreads above their median before."""
    classes = run.classes
    if classes is None or not classes.flips.size:
        return
    flips = classes.flips.sum(axis=0).astype(np.float64)
    images = max(1, int(np.sum(classes.sizes)))
    over = flips >= limits.mass_flip_share * images
    over &= flips > median_before(flips, limits.history) + 6 * spread_before(flips, limits.history)
    for column in beginnings(over):
        yield Case(
            int(classes.iterations[column]),
            float(flips[column]),
            f"{flips[column]:.0f} of {images} images changed their correctness at once",
        )


RULES = (
    RunRule(
        name="mass_flip",
        severity="warning",
        speaks="a share of all images flips at once, and more than six spreads over the median "
        "before",
        source="anomalous iterations of Liu et al., arXiv 1808.08531",
        limits=MassFlipLimits,
        find=find,
    ),
)

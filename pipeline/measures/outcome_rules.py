"""Health rules about outcomes: classes, images and losses."""

from collections.abc import Iterator

import numpy as np

from deeptracker.pipeline.measures.finding import Finding, FindingThresholds
from deeptracker.pipeline.measures.own_past import (
    beginnings,
    median_before,
    spread_before,
    stretches,
)
from deeptracker.pipeline.measures.rule_inputs import RunSeries

__all__ = ["forgetting", "loss_spike", "mass_flip", "saturated_class"]


def saturated_class(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find classes that are never recognised, to the end of the training."""
    classes = run.classes
    if classes is None or not classes.error.size:
        return
    for number, name in enumerate(classes.names):
        wrong = classes.error[number] >= limits.saturated_error
        columns = classes.error.shape[1]
        for first, length in stretches(wrong):
            if first + length == columns and length >= min(limits.still_snapshots, columns):
                yield Finding(
                    "saturated_class",
                    "warning",
                    "",
                    name,
                    int(classes.iterations[first]),
                    float(length),
                    f"class {name}: never recognised in the last {length} snapshots",
                )


def mass_flip(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find iterations at which far more images flip than before."""
    classes = run.classes
    if classes is None or not classes.flips.size:
        return
    flips = classes.flips.sum(axis=0).astype(np.float64)
    images = max(1, int(np.sum(classes.sizes)))
    over = flips >= limits.mass_flip_share * images
    over &= flips > median_before(flips, limits.history) + 6 * spread_before(flips, limits.history)
    for column in beginnings(over):
        yield Finding(
            "mass_flip",
            "warning",
            "",
            "",
            int(classes.iterations[column]),
            float(flips[column]),
            f"{flips[column]:.0f} of {images} images changed their correctness at once",
        )


def loss_spike(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find losses far above those before them."""
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
            yield Finding(
                "loss_spike",
                "warning",
                "",
                "",
                int(run.scalar_iterations[known[column]]),
                float(values[column]),
                f"{name} rose to {values[column]:.3g}, {values[column] / usual[column]:.1f} times "
                "what was usual",
            )


def forgetting(run: RunSeries, limits: FindingThresholds) -> Iterator[Finding]:
    """Find classes that were recognised better earlier."""
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
            yield Finding(
                "forgetting",
                "warning",
                "",
                name,
                int(classes.iterations[best]),
                float(rise),
                f"class {name}: the error rose from {error[best]:.0%} at iteration "
                f"{classes.iterations[best]:,}, its least, to {error[last]:.0%} at the end",
            )

"""Rules of Amazon SageMaker Debugger, written anew from their documentation.

https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html, with the documented
defaults. A saved step is a snapshot. Debugger's rule ends at its first alarm; here it tells every
beginning, for every weight. Left out: what needs activations (DeadRelu, SaturatedActivation),
inputs (CheckInputImages, NLPSequenceRatio), another run (SimilarAcrossRuns), a threshold without a
default (TensorVariance) or 500 samples (ClassImbalance). UnchangedTensor compares single elements
(rtol 1e-5); here the norm of the change. PoorWeightInitialization's variance is that of weights.
"""

from collections.abc import Iterator

import numpy as np

from planted.series import Series, alarms
from planted.told import Told

__all__ = ["debugger"]

VANISHING = 1e-7
UPDATE_LARGE, UPDATE_SMALL = 10.0, 1e-8
UNCHANGED, UNCHANGED_STEPS = 1e-5, 3
VARIANCE_RATIO, GRADIENT_RANGE, FIRST_STEPS = 10.0, 0.001, 10
DECREASE_STEPS, DECREASE = 10, 0.001
OVERFIT = 0.1
PATIENCE_TRAIN, PATIENCE_VALIDATION, DELTA = 5, 10, 0.01
MIN_DIAGONAL = 0.9


def debugger(series: Series) -> list[Told]:
    """Give the alarms of all rules, by iteration."""
    with np.errstate(all="ignore"):
        found = [*_of_weights(series), *_at_start(series), *_of_losses(series)]
        found += alarms(
            series, "Confusion", series.class_error > 1 - MIN_DIAGONAL, "class", series.class_names
        )
    return sorted(found, key=lambda one: one.iteration)


def _of_weights(series: Series) -> Iterator[Told]:
    values = series.statistics
    unchanged = values["update_ratio"] <= UNCHANGED
    ratio = values["update_ratio"]
    marks = {
        "VanishingGradient": values["grad_norm1"] / values["grad_count"] < VANISHING,
        "ExplodingTensor": (values["nonfinite"] > 0) | (values["grad_nonfinite"] > 0),
        "WeightUpdateRatio too large": ratio > UPDATE_LARGE,
        "WeightUpdateRatio too small: vanishing update": ratio < UPDATE_SMALL,
        "AllZero": values["norm0"] == 0,
        "AllZero of gradients": values["grad_norm0"] == 0,
        "UnchangedTensor": _lasting(unchanged, UNCHANGED_STEPS),
    }
    for rule, where in marks.items():
        yield from alarms(series, rule, where, "node", series.names)


def _at_start(series: Series) -> Iterator[Told]:
    """PoorWeightInitialization: variances of layers far apart, or hardly any gradient."""
    variance = series.statistics["var"]
    early = np.arange(len(series.iterations)) < FIRST_STEPS
    apart = variance.max(0) / variance.min(0) > VARIANCE_RATIO
    extreme = variance == variance.max(0)
    rule = "PoorWeightInitialization"
    yield from alarms(series, rule, extreme & apart & early, "node", series.names)
    small = (series.gradient_range < GRADIENT_RANGE) & early & (series.statistics["grad_count"] > 0)
    yield from alarms(series, rule, small, "node", series.names)


def _of_losses(series: Series) -> Iterator[Told]:
    train, validation = series.scalars["train_loss"], series.scalars["validation_loss"]
    earlier = np.pad(train, (DECREASE_STEPS, 0), constant_values=np.nan)[: len(train)]
    marks = {
        "LossNotDecreasing": ("train_loss", train > earlier * (1 - DECREASE)),
        "Overfit": ("validation_loss", (validation - train) / train > OVERFIT),
        "Overtraining": ("train_loss", _no_better(train, PATIENCE_TRAIN)),
        "Overtraining of the validation": (
            "validation_loss",
            _no_better(validation, PATIENCE_VALIDATION),
        ),
        "ExplodingTensor": ("train_loss", np.isinf(train) | (np.isnan(train) & _known(series))),
    }
    for rule, (name, where) in marks.items():
        yield from alarms(series, rule, where[None], "scalar", [name])


def _known(series: Series) -> np.ndarray:
    """Mark snapshots after the first step: the untrained network has no training loss."""
    return series.iterations > series.iterations[0]


def _no_better(loss: np.ndarray, patience: int) -> np.ndarray:
    """Mark where the least loss so far was not undercut by a share for so many steps."""
    best, since = np.inf, 0
    marks = np.zeros(len(loss), bool)
    for column, value in enumerate(loss):
        if value < best * (1 - DELTA):
            best, since = value, 0
        else:
            since += 1
        marks[column] = since >= patience
    return marks


def _lasting(marks: np.ndarray, steps: int) -> np.ndarray:
    """Mark whole stretches of at least so many marked snapshots, from their beginning."""
    found = np.zeros_like(marks)
    for shift in range(marks.shape[1] - steps + 1):
        whole = marks[:, shift : shift + steps].all(1)
        found[:, shift : shift + steps] |= whole[:, None]
    return found

"""The five training problems of AutoTrainer, written anew from its published definitions.

Zhang et al., AUTOTRAINER: An Automatic DNN Training Problem Detection and Repair System, ICSE 2021;
its defaults: beta 1e-3, 1e-4 and 70, gamma 0.7, zeta 0.03, eta 0.2, delta 0.01, theta 0.7. It looks
at the end of each epoch, and ends at the first problem: here every problem is told once, and may
have begun in any iteration of its epoch. Gradients are those of the epoch's last snapshot.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planted.series import Series
from planted.told import Told

__all__ = ["autotrainer"]

RATIO_LOW, FIRST_LOW, RATIO_HIGH = 1e-3, 1e-4, 70.0
DEAD = 0.7
SWING, SWING_SHARE = 0.03, 0.2
SLOW = 0.01
LEARNED = 0.7
# Accuracy is judged from this share of the epochs on.
JUDGED_FROM = 0.3
GREATEST_LOSS = 1e5


@dataclass(frozen=True)
class _Epoch:
    """One epoch: its first and last iteration, column of its last snapshot, and accuracies."""

    first: int
    last: int
    column: int
    accuracy: float
    validation: float


def autotrainer(series: Series, epoch: int) -> list[Told]:
    """Give the first alarm of each problem.

    Parameters
    ----------
    epoch : int
        Iterations of an epoch.
    """
    epochs = list(_epochs(series, epoch))
    found: dict[str, Told] = {}
    for number, one in enumerate(epochs, 1):
        with np.errstate(all="ignore"):
            problem = _problem(series, epochs[:number], number >= JUDGED_FROM * len(epochs))
        if problem and problem not in found:
            kind, lead = _lead(series, problem)
            found[problem] = Told(
                one.first, "warning", problem, problem, kind, lead, one.last - one.first
            )
    return list(found.values())


def _epochs(series: Series, epoch: int) -> Iterator[_Epoch]:
    last = int(series.all_iterations[-1])
    for first in range(1, last - epoch + 2, epoch):
        end = first + epoch - 1
        inside = (series.all_iterations >= first) & (series.all_iterations <= end)
        column = int(np.searchsorted(series.iterations, end, side="right")) - 1
        yield _Epoch(
            first,
            end,
            column,
            1 - float(np.nanmean(series.all_scalars["train_error"][inside])),
            1 - float(series.scalars["validation_error"][column]),
        )


def _problem(series: Series, epochs: list[_Epoch], is_judged: bool) -> str:
    """Name the problem at the end of the last epoch; empty without one."""
    column = epochs[-1].column
    if _has_nan(series, epochs[-1]):
        return "exploding gradient: not finite"
    if not is_judged:
        return ""
    trained = [one.accuracy for one in epochs]
    validated = [one.validation for one in epochs]
    is_slow = max(_rise(trained), _rise(validated)) < SLOW
    if is_slow or max(trained) < LEARNED or max(validated) < LEARNED:
        return _of_gradients(series, column) or ("slow convergence" if is_slow else "")
    return "oscillating loss" if _swings(trained) else ""


def _of_gradients(series: Series, column: int) -> str:
    values = series.statistics
    norms = values["grad_norm2"][:, column]
    zeros = 1 - values["grad_norm0"][:, column].sum() / values["grad_count"][:, column].sum()
    if zeros >= DEAD:
        return "dying ReLU"
    if norms[0] / norms[-1] > RATIO_HIGH:
        return "exploding gradient"
    is_low = norms[0] / norms[-1] < RATIO_LOW and norms[0] < FIRST_LOW
    return "vanishing gradient" if is_low else ""


def _has_nan(series: Series, epoch: _Epoch) -> bool:
    column, values = epoch.column, series.statistics
    loss = series.scalars["train_loss"][column], series.scalars["validation_loss"][column]
    counts = values["nonfinite"][:, column].sum() + values["grad_nonfinite"][:, column].sum()
    return not np.isfinite(loss).all() or loss[1] >= GREATEST_LOSS or counts > 0


def _rise(accuracy: list[float]) -> float:
    """Give the greatest rise from one epoch to the next."""
    return max([0.0, *np.diff(accuracy)])


def _swings(accuracy: list[float]) -> bool:
    """Whether enough pairs of a local maximum and a minimum are far enough apart."""
    inner = [
        (before, here, after)
        for before, here, after in zip(accuracy, accuracy[1:], accuracy[2:], strict=False)
    ]
    highs = [here for before, here, after in inner if here >= before and here >= after]
    lows = [here for before, here, after in inner if here <= before and here <= after]
    pairs = sum(high - low >= SWING for high, low in zip(highs, lows, strict=False))
    return pairs >= SWING_SHARE * len(accuracy)


def _lead(series: Series, problem: str) -> tuple[str, str]:
    if "not finite" in problem:
        return "scalar", "train_loss"
    if "gradient" in problem:
        return "node", series.names[0]
    return ("node", "") if problem == "dying ReLU" else ("scalar", "train_error")

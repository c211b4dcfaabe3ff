"""The series in which incidents are found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ["LOSSES", "LearningRate", "TrainingSeries", "learning_rate_of"]

# Names that trainers give to the loss of a batch, of the validation set, and to the learning rate.
LOSSES = {
    "training": ("train_loss", "train/loss", "training_loss", "loss", "loss/train"),
    "validation": (
        "validation_loss",
        "val_loss",
        "eval_loss",
        "eval/loss",
        "val/loss",
        "valid_loss",
    ),
}
RATES = ("learning_rate", "lr", "train/learning_rate", "train/lr")


@dataclass(frozen=True)
class TrainingSeries:
    """All of a training that incidents are found in.

    Attributes
    ----------
    iterations : numpy.ndarray
        int64 [column].
    snapshots, outcomes : numpy.ndarray
        bool [column]: what was recorded.
    layers : sequence of str
        Names, in the order of the network.
    update_ratio : numpy.ndarray
        float64 [layer, column].
    parameters : sequence of str
        Names, in the order of the network.
    nonfinite : numpy.ndarray
        float64 [parameter, column]: NaN and infinite weights or gradients.
    filter_layers : sequence of str
        The layers with filters.
    anomalous, highest : numpy.ndarray
        [filter layer, column]: how many filters are anomalous, and the highest score.
    filters : numpy.ndarray
        int64 [filter layer]: how many filters each has.
    classes : sequence of str
        Names.
    sizes : numpy.ndarray
        int64 [class]: images.
    error : numpy.ndarray
        float [class, column].
    flips : numpy.ndarray
        int [class, column].
    scalar_iterations : numpy.ndarray
        int64 [entry].
    scalars : mapping of str to numpy.ndarray
        float64 [entry]; NaN where a scalar was not recorded.
    scalar_nan : mapping of str to numpy.ndarray
        int64: the iterations at which a scalar was recorded as NaN.
    top_filters : callable
        Gives the names (``PARAMETER[INDEX]``) and the scores of the two filters that score highest
        at a column.
    taken_for : callable
        Gives what most wrong images of a class (a number) are taken for at a column: the class's
        name, and the share of the class's images; None if all are right.
    """

    iterations: np.ndarray
    snapshots: np.ndarray
    outcomes: np.ndarray
    layers: Sequence[str] = ()
    update_ratio: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    parameters: Sequence[str] = ()
    nonfinite: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    filter_layers: Sequence[str] = ()
    anomalous: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    highest: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    filters: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    classes: Sequence[str] = ()
    sizes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    error: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    flips: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    scalar_iterations: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    scalars: Mapping[str, np.ndarray] = field(default_factory=dict)
    scalar_nan: Mapping[str, np.ndarray] = field(default_factory=dict)
    top_filters: Callable[[int], list[tuple[str, float]]] = lambda _column: []
    taken_for: Callable[[int, int], tuple[str, float] | None] = lambda _class, _column: None

    def scalar(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Give the iterations at which a scalar has a number, and its values there."""
        values = np.asarray(self.scalars[name], np.float64)
        recorded = np.flatnonzero(~np.isnan(values))
        if not recorded.size:
            return self.scalar_iterations[:0], values[:0]
        return self.scalar_iterations[recorded], values[recorded]

    def gaps(self, columns: np.ndarray) -> np.ndarray:
        """Give the iterations before each of some columns; 1 before the first."""
        return np.diff(self.iterations[columns], prepend=self.iterations[columns[:1]] - 1)


@dataclass(frozen=True)
class LearningRate:
    """The learning rate over the training.

    Attributes
    ----------
    name : str
        The scalar's.
    iterations : numpy.ndarray
        int64 [entry].
    values : numpy.ndarray
        float64 [entry]: positive ones.
    """

    name: str
    iterations: np.ndarray
    values: np.ndarray

    def greatest_between(self, iterations: np.ndarray) -> np.ndarray:
        """Give the greatest rate since the iteration before, for each of ascending iterations."""
        ends = np.searchsorted(self.iterations, iterations, side="right")
        begins = np.concatenate([[0], ends[:-1]])
        found = np.empty(len(iterations))
        for place, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            # Where none was recorded since, the last known one holds.
            some = self.values[begin:end] if end > begin else self.values[max(end - 1, 0) : end]
            found[place] = some.max() if some.size else self.values[0]
        return found


def learning_rate_of(series: TrainingSeries) -> LearningRate | None:
    """Find the learning rate among the scalars."""
    for name in RATES:
        if name in series.scalars:
            iterations, values = series.scalar(name)
            known = np.isfinite(values) & (values > 0)
            if known.any():
                return LearningRate(name, iterations[known], values[known])
    return None

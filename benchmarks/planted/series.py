"""What a catalogue's rules read: statistics of the weights and their gradients, and scalars."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from planted.told import Told

__all__ = ["Series", "alarms", "series_of"]


@dataclass(frozen=True)
class Series:
    """A run over its snapshots.

    Attributes
    ----------
    iterations : int64 [snapshot]
    names : list of str
        The weights of two dimensions or more, in the network's order; biases and scales are left
        out, which spares the catalogues their alarms about biases that begin at zero.
    statistics : dict of str to float64 [weight, snapshot]
        By the store's name; gradients begin with ``grad_``.
    gradient_range : float64 [weight, snapshot]
        From the 5th to the 95th percentile of the gradients.
    scalars : dict of str to float64 [snapshot]
        Scalars of the snapshots' iterations.
    all_iterations, all_scalars : int64 [step], dict of str to float64 [step]
        All that was recorded.
    class_names, class_error : list of str, float64 [class, snapshot]
    """

    iterations: np.ndarray
    names: list[str]
    statistics: dict[str, np.ndarray]
    gradient_range: np.ndarray
    scalars: dict[str, np.ndarray]
    all_iterations: np.ndarray
    all_scalars: dict[str, np.ndarray]
    class_names: list[str]
    class_error: np.ndarray


STATISTICS = ("count", "nonfinite", "norm0", "norm1", "norm2", "var", "update_ratio")


def series_of(tree: Any) -> Series:
    """Read a store."""
    nodes = tree["nodes"].to_dataset()
    shapes = [str(shape) for shape in nodes["shape"].values]
    rows = [row for row, shape in enumerate(shapes) if "x" in shape]
    columns = np.flatnonzero(tree["has_snapshot"].values)
    iterations = tree["iteration"].values[columns]
    statistics = {
        f"{prefix}{name}": nodes[f"{prefix}{name}"].values[rows][:, columns].astype(float)
        for prefix in ("", "grad_")
        for name in STATISTICS
    }
    scalars = tree["scalars"].to_dataset()
    at = scalars["iteration_s"].values
    values = {str(name): scalars[name].values for name in scalars.data_vars}
    places = np.searchsorted(at, iterations)
    classes = tree["classes"].to_dataset()
    return Series(
        iterations,
        [str(nodes["name"].values[row]) for row in rows],
        statistics,
        _ranges(nodes, rows, columns),
        {name: series[places] for name, series in values.items()},
        at,
        values,
        [str(name) for name in classes["class_"].values],
        classes["error"].values[:, columns].astype(float),
    )


def alarms(
    series: Series, rule: str, marks: np.ndarray, lead_kind: str, leads: list[str]
) -> Iterator[Told]:
    """Give an alarm wherever marks begin.

    Parameters
    ----------
    marks : bool [lead, snapshot]
        Where the rule's condition holds.
    """
    begins = marks & ~np.pad(marks, ((0, 0), (1, 0)))[:, :-1]
    for column, row in sorted(zip(*np.nonzero(begins)[::-1], strict=True)):
        at = int(series.iterations[column])
        yield Told(at, "warning", rule, f"{rule}: {leads[row]}", lead_kind, leads[row])


def _ranges(nodes: Any, rows: list[int], columns: np.ndarray) -> np.ndarray:
    """Give the difference of the 95th and the 5th percentile of gradients, by their histograms.

    float64 [weight, snapshot]; a percentile is the middle of its bin, which is a factor 1.4 wide.
    """
    counts = nodes["grad_histogram"].values[rows][:, columns].astype(float)
    left, right = nodes["bin_left"].values, nodes["bin_right"].values
    middle = np.where(np.isfinite(left + right), (left + right) / 2, np.nan_to_num(left, posinf=0))
    shares = counts.cumsum(-1) / np.maximum(counts.sum(-1, keepdims=True), 1)
    low, high = ((shares >= share).argmax(-1) for share in (0.05, 0.95))
    return middle[high] - middle[low]

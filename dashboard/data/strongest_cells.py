"""The strongest cells of the cube: class, layer and iteration that were anomalous together."""

from dataclasses import dataclass

import numpy as np

from deeptracker.dashboard.data.cube_numbers import (
    anomalous_filters,
    class_anomalies,
    layer_names,
    top_filter,
)
from deeptracker.dashboard.data.run import Run

__all__ = ["Triple", "strongest"]


@dataclass(frozen=True)
class Triple:
    """A class, a layer and an iteration that were anomalous together.

    Attributes
    ----------
    class_, layer : str
    iteration : int
    images, filters : int
        How many of the class's images and of the layer's filters were anomalous.
    score : float
        The geometric mean of both counts.
    parameter : str
    filter : int
        The layer's filter with the highest anomaly score at the iteration.
    filter_score : float
        That score.
    """

    class_: str
    layer: str
    iteration: int
    images: int
    filters: int
    score: float
    parameter: str
    filter: int
    filter_score: float


def strongest(
    run: Run,
    rule: str,
    anomaly_window: int,
    window: tuple[float, float] | None = None,
    count: int = 12,
) -> list[Triple]:
    """List the cells at which most filters and images were anomalous together, strongest first.

    Parameters
    ----------
    run : Run
    rule : {"left", "right", "full"}
        Of the anomalous images.
    anomaly_window : int
        Snapshots of the rule.
    window : tuple of float, optional
        First and last iteration; None means all of them.
    count : int
        Number of cells. Only the `count` best classes and layers of each iteration are combined: no
        other cell can be among the strongest.
    """
    first, last = run.columns(window)
    images = class_anomalies(run, rule, anomaly_window)[:, first : last + 1]
    filters = anomalous_filters(run)[:, first : last + 1]
    if not images.size or not filters.size:
        return []
    classes, layers = _best(images, count), _best(filters, count)
    n = np.take_along_axis(images, classes, axis=0).astype(np.int64)
    m = np.take_along_axis(filters, layers, axis=0).astype(np.int64)
    product = n[:, None] * m[None]
    # Equal scores are ordered by time, then class, then layer.
    order = np.argsort(-product.transpose(2, 0, 1).ravel(), kind="stable")[:count]
    names = layer_names(run)
    found = []
    for at, i, j in zip(
        *np.unravel_index(order, (product.shape[2], *product.shape[:2])), strict=True
    ):
        score = float(np.sqrt(product[i, j, at]))
        if score == 0:
            break
        layer = names[layers[j, at]]
        found.append(
            Triple(
                run.class_names[classes[i, at]],
                layer,
                int(run.iterations[first + at]),
                int(n[i, at]),
                int(m[j, at]),
                score,
                *top_filter(run, layer, int(first + at)),
            )
        )
    return found


def _best(counts: np.ndarray, count: int) -> np.ndarray:
    """Find the greatest of each column, int64 [place, column]; ties are ordered by number."""
    if len(counts) <= count:
        return np.argsort(-counts, axis=0, kind="stable")
    # Ties are ordered by number, so that the list is the same every time.
    keyed = counts.astype(np.int64) * len(counts) - np.arange(len(counts))[:, None]
    chosen = np.argpartition(-keyed, count - 1, axis=0)[:count]
    values = np.take_along_axis(keyed, chosen, axis=0)
    return np.take_along_axis(chosen, np.argsort(-values, axis=0), axis=0)

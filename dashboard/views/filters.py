"""A layer's filters as pixels, and the filters that stand out at an iteration."""

from typing import Any

import numpy as np

from dashboard.canvas.rowchart import Row
from dashboard.run import Run
from dashboard.selection import Selection
from dashboard.theme import levels
from dashboard.views.validation import similarity_order

__all__ = ["FILTER_MEASURES", "filter_row", "filters_in_order", "top_filters"]

FILTER_MEASURES = {
    "change_relative_norm2": "relative change",
    "change_euclidean": "Euclidean change",
    "change_manhattan": "Manhattan change",
    "change_cosine": "cosine change",
    "anomaly_score": "anomaly score",
    "norm2": "norm 2",
    "norm1": "norm 1",
    "std": "standard deviation",
}
PIXEL = 6
SMALLEST, LARGEST = 30, 360
MARKED = 5
ORDERED_AT_MOST = 4096


def _read(run: Run, parameter: str, measure: str) -> np.ndarray:
    return run.array(f"filters/{parameter.replace('/', '.')}/{measure}")


def filters_in_order(run: Run, selection: Selection, parameter: str) -> np.ndarray:
    """Give the filters of a parameter in the chosen order, int64 [filter]."""
    values = _read(run, parameter, "norm2")
    if selection.filter_order == "size":
        return np.argsort(-np.nan_to_num(values[:, -1]), kind="stable")
    if selection.filter_order == "similarity" and 2 < len(values) <= ORDERED_AT_MOST:
        measure = _read(run, parameter, _measure(selection))
        return np.array(similarity_order(np.log1p(np.nan_to_num(measure, posinf=0.0))))
    return np.arange(len(values))


def filter_row(run: Run, selection: Selection, parameter: str) -> Row:
    """Draw the filters of a parameter, one line each.

    Parameters
    ----------
    parameter : str
        One with filter measures.
    """
    measure = _measure(selection)
    order = filters_in_order(run, selection, parameter)
    values = _read(run, parameter, measure)[order]
    first, last = run.columns(selection.window)
    low, high = _limits(values, slice(first, last + 1), selection.filter_scale)
    layer = parameter.removesuffix(".weight")
    options: dict[str, Any] = {
        "label": f"{len(order)} filters",
        "title": f"{parameter}: {FILTER_MEASURES[measure]} of each filter",
        "indent": 1 + parameter.count("."),
        "palette": "blues",
        "value_label": FILTER_MEASURES[measure],
        "line_labels": [f"{layer} filter {index}" for index in order],
        "row_marks": _marked(run, selection, parameter, order),
        "gap": 10,
    }
    height = min(LARGEST, max(SMALLEST, PIXEL * len(order)))
    numbers = values.astype(np.float32)
    return Row(
        f"filters:{parameter}", "image", height, (levels(numbers, low, high), numbers), options
    )


def top_filters(run: Run, column: int, count: int = 8) -> list[tuple[str, int, float]]:
    """List the filters with the highest anomaly scores at a column: (parameter, filter, score)."""
    found: list[tuple[str, int, float]] = []
    for node in range(len(run.nodes["name"])):
        if run.nodes["kind"][node] != "parameter":
            continue
        for name in run.filtered_parameters(node):
            scores = _read(run, name, "anomaly_score")[:, column]
            best = np.argsort(-np.nan_to_num(scores, nan=-np.inf))[:count]
            found += [(name, int(i), float(scores[i])) for i in best if np.isfinite(scores[i])]
    return sorted(found, key=lambda entry: -entry[2])[:count]


def _measure(selection: Selection) -> str:
    name = selection.filter_measure
    return name if name in FILTER_MEASURES else "change_relative_norm2"


def _limits(
    values: np.ndarray, window: slice, scale: str
) -> tuple[np.ndarray | float, np.ndarray | float]:
    """Values of the first and last colour: over all, [filter, 1], or [1, column]."""
    known = np.where(np.isfinite(values), values, np.nan)
    if scale == "column":
        return _extremes(known, axis=0)
    known = known[:, window]
    if scale == "row":
        return _extremes(known, axis=1)
    if np.isnan(known).all():
        return 0.0, 1.0
    # One incident would leave all else white: the top half percent share the darkest colour.
    return max(0.0, float(np.nanmin(known))), float(np.nanquantile(known, 0.995))


def _extremes(known: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    filled = np.where(np.isnan(known).all(axis=axis, keepdims=True), 0.0, known)
    least = np.nanmin(filled, axis=axis, keepdims=True)
    return least, np.nanmax(filled, axis=axis, keepdims=True)


def _marked(run: Run, selection: Selection, parameter: str, order: np.ndarray) -> list[int]:
    """Lines to mark: the picked filters, and the top ones of the picked iteration."""
    place = {int(index): line for line, index in enumerate(order)}
    marked = {int(index) for name, index in selection.filters if name == parameter}
    picked = run.picked_columns(selection.iterations)
    if picked:
        top = top_filters(run, picked[-1], MARKED)
        marked |= {index for name, index, _ in top if name == parameter}
    return sorted(place[index] for index in marked if index in place)

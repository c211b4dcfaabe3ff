"""Rasters of several filters on one time axis, one above the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_raster import (
    RasterQuantity,
    colour_limits,
    pixels_of,
    scale_ends,
)
from deeptracker.dashboard.data.weight_window import position, shape_of
from deeptracker.dashboard.look.theme import levels
from deeptracker.dashboard.widgets.rows import Row

__all__ = ["MOST_FILTERS", "filter_rasters"]

MOST_FILTERS = 12
# Lines of a raster; in a larger filter, several weights share a line, by the chosen statistic.
LINES = 160
PIXEL, SMALLEST = 6, 72
GAP = 10


def filter_rasters(
    run: Run,
    filters: Sequence[tuple[str, int]],
    columns: PixelColumns,
    *,
    statistic: str,
    gradient: bool,
    limits: tuple[float, float] | None,
) -> list[Row]:
    """Draw the weights of some filters.

    Parameters
    ----------
    filters : sequence of (str, int)
        Parameter and index of each; filters that the run does not have are left out.
    columns : PixelColumns
    statistic : {"mean", "min", "max", "range"}
        Statistic of the weights that share a line.
    gradient : bool
    limits : tuple of float, optional
        Values of the first and last colour for all filters; None gives each filter its own scale.
    """
    drawn = []
    for parameter, index in filters[:MOST_FILTERS]:
        shape = shape_of(run, parameter)
        if len(shape) < 2 or not 0 <= index < shape[0]:
            continue
        subject = RasterQuantity(parameter, statistic, gradient)
        drawn.append((subject, index, shape, _values(run, subject, index, shape, columns)))
    rows, top = [], 4.0
    for subject, index, shape, values in drawn:
        scale = limits or colour_limits(values, signed=subject.is_signed)
        row = _row(subject, index, shape, values, scale, columns)
        row.options["top"] = top
        top += row.height + GAP
        rows.append(row)
    return rows


def _values(
    run: Run, subject: RasterQuantity, index: int, shape: Sequence[int], columns: PixelColumns
) -> np.ndarray:
    """Read a filter's weights, float32 [line, place]."""
    size = int(np.prod(shape[1:]))
    places = -(-(columns.last - columns.first + 1) // columns.step)
    pixels = pixels_of(
        run,
        subject,
        (float(columns.first), float(columns.last + 1)),
        (float(index * size), float((index + 1) * size)),
        width=places,
        height=min(LINES, size),
    )
    return pixels.values.to_numpy()


def _row(
    subject: RasterQuantity,
    index: int,
    shape: tuple[int, ...],
    values: np.ndarray,
    limits: tuple[float, float],
    columns: PixelColumns,
) -> Row:
    size = int(np.prod(shape[1:]))
    low, high = limits
    layer = subject.parameter.removesuffix(".weight")
    starts = np.linspace(0, size, len(values) + 1)[:-1].astype(int)
    if len(values) == size:
        labels = [position(shape, index * size + line) for line in range(size)]
    else:
        labels = [f"filter {index}, from weight {start:,} of {size:,}" for start in starts]
    what = "gradients" if subject.gradient else "weights"
    options: dict[str, Any] = columns.options | {
        "label": layer,
        "detail": f"filter {index}",
        "title": f"{subject.parameter} filter {index}: {size:,} {what}",
        "strong": True,
        "palette": "diverging" if subject.is_signed else "blues",
        "value_label": "value" if len(values) == size else f"{subject.statistic} of weights",
        "line_labels": labels,
        "y_ticks": [[0.5 / len(values), "0"], [1 - 0.5 / len(values), f"{size - 1:,}"]],
        "colours": [*scale_ends(limits, values), f"{what}, no unit"],
        "label_room": 54,
        "gap": GAP,
    }
    height = min(LINES, max(SMALLEST, PIXEL * size))
    key = f"raster:{subject.parameter}:{index}"
    return Row(key, "pixels", height, (levels(values, low, high), values), options)

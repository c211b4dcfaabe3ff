"""Matrices over the iterations as images that are rasterized again at every zoom."""

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import numpy as np
from bokeh.models import (
    AdaptiveTicker,
    CustomJSHover,
    CustomJSTickFormatter,
    FixedTicker,
    HoverTool,
)
from bokeh.models.annotations import ColorBar

from deeptracker.dashboard.data.colour_bar import label_scale, scale_ticks
from deeptracker.dashboard.data.datashading import rasterize
from deeptracker.dashboard.notebook.figure_look import Look

__all__ = ["WIDTH", "edges", "live_matrix", "mark_ends", "name_axis"]

WIDTH = 760
MOST_NAMED = 40


def edges(iterations: np.ndarray) -> np.ndarray:
    """Give the borders of the iterations' columns, float64 [column + 1]: midway to neighbours."""
    places = np.asarray(iterations, np.float64)
    if len(places) < 2:
        return np.array([places[0] - 0.5, places[0] + 0.5])
    middles = (places[1:] + places[:-1]) / 2
    first, last = places[0] - (middles[0] - places[0]), places[-1] + (places[-1] - middles[-1])
    return np.concatenate([[first], middles, [last]])


def name_axis(names: Sequence[str], axis: str) -> Any:
    """Make a hook that labels the whole numbers of an axis with names.

    Parameters
    ----------
    axis : {"x", "y"}
    """

    def hook(plot: Any, _element: Any) -> None:
        found = getattr(plot.state, f"{axis}axis")[0]
        found.ticker = AdaptiveTicker(min_interval=1, num_minor_ticks=0, desired_num_ticks=12)
        found.formatter = CustomJSTickFormatter(
            args={"names": list(names)},
            code="return tick === Math.round(tick) ? (names[tick] ?? '') : ''",
        )

    return hook


def mark_ends(plot: Any, element: Any) -> None:
    """Mark the ends of a colour bar that values in sight exceed; a hook of HoloViews."""
    for bar in plot.state.select(ColorBar):
        if not isinstance(bar.ticker, FixedTicker):
            bar.update(**scale_ticks())
        mapper = bar.color_mapper
        shown = element.dimension_values(element.vdims[0], flat=False)
        label_scale(bar, (mapper.low, mapper.high), shown)


def live_matrix(
    values: np.ndarray,
    iterations: np.ndarray,
    names: Sequence[str],
    *,
    rows: str,
    value: tuple[str, str],
    title: str,
    look: Look,
    palette: str = "blues",
    limits: tuple[float, float] | None = None,
    upright: bool = False,
    height: int = 320,
    width: int = WIDTH,
) -> hv.DynamicMap:
    """Draw a matrix; a pixel shows the greatest of its values, rasterized again at every zoom.

    Parameters
    ----------
    values : numpy.ndarray
        Numbers [row, column].
    iterations : numpy.ndarray
        int [column].
    names : sequence of str
        The name of each row.
    rows : str
        The kind of the rows, such as ``"class"``: the axis' name, by which HoloViews links axes.
    value : tuple of str
        Name and label of the numbers.
    look : Look
        Colours, light or dark.
    limits : tuple of float, optional
        Values of the first and last colour; the colour bar marks an end that values exceed. None
        means the least and the greatest value.
    upright : bool
        Whether time runs upwards and rows to the right, as on the cube's top face.

    Returns
    -------
    holoviews.DynamicMap
        Of `holoviews.Image`.
    """
    numbers = np.asarray(values, np.float32)
    mesh = _mesh(numbers, edges(iterations), rows, value, upright=upright)
    hooks = [name_axis(names, "x" if upright else "y"), look.style]
    image = rasterize(mesh, aggregator="max", precompute=True)
    return image.opts(
        hv.opts.Image(
            cmap=look.palette(palette),
            clim=limits or _limits(numbers),
            colorbar=True,
            frame_width=width if not upright else width // 2,
            frame_height=height,
            invert_yaxis=not upright,
            tools=[_hover(rows, names, value, upright=upright)],
            active_tools=["wheel_zoom"],
            title=title,
            hooks=[*hooks, mark_ends] if limits else hooks,
        )
    )


def _mesh(
    numbers: np.ndarray,
    across: np.ndarray,
    rows: str,
    value: tuple[str, str],
    *,
    upright: bool,
) -> hv.QuadMesh:
    """Place numbers [row, column] between the edges of columns; each row is one unit high."""
    along = np.arange(len(numbers) + 1) - 0.5
    kdims = ["iteration", rows]
    if upright:
        return hv.QuadMesh((along, across, numbers.T), kdims[::-1], [value])
    return hv.QuadMesh((across, along, numbers), kdims, [value])


def _limits(values: np.ndarray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return (low, high) if high > low else (low, low + 1.0)


def _hover(rows: str, names: Sequence[str], value: tuple[str, str], *, upright: bool) -> HoverTool:
    named = CustomJSHover(args={"names": list(names)}, code="return names[Math.round(value)] ?? ''")
    rounded = CustomJSHover(code="return Math.round(value).toLocaleString('en')")
    row, column = ("$x", "$y") if upright else ("$y", "$x")
    return HoverTool(
        tooltips=[
            (rows, f"{row}{{custom}}"),
            ("iteration", f"{column}{{custom}}"),
            (value[1], "@image{0,0.[0000]}"),
        ],
        formatters={row: named, column: rounded},
    )

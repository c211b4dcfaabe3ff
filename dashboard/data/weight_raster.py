"""A window of weights as pixels: read at the right level, rasterized by datashader."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from deeptracker.dashboard.data.column_spacing import Spacing, runs_of
from deeptracker.dashboard.data.datashading import datashader as ds
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_window import (
    COLUMNS_AT_MOST,
    WeightWindow,
    read_window,
    shape_of,
)

__all__ = [
    "Pixels",
    "RasterQuantity",
    "colour_limits",
    "parameter_limits",
    "pixels_of",
    "rasterize_window",
    "rounded",
    "scale_ends",
    "scale_labels",
    "spread",
]

# Quantile at which colours end: otherwise a few outliers leave the rest pale.
COLOUR_QUANTILE = 0.995
# Pixels of the raster of a whole parameter that sets its colours, for any screen.
WHOLE_WIDTH, WHOLE_HEIGHT = 1400, 520
DOWNSAMPLED = {"mean": "mean", "min": "min", "max": "max"}


@dataclass(frozen=True)
class RasterQuantity:
    """The parameter, statistic and quantity of a raster.

    Attributes
    ----------
    parameter : str
    statistic : {"mean", "min", "max", "range"}
        Statistic of the weights that share a pixel.
    gradient : bool
        Whether it shows gradients.
    """

    parameter: str
    statistic: str = "mean"
    gradient: bool = False

    @property
    def is_signed(self) -> bool:
        """Whether values have two signs, and so a palette around zero."""
        return self.statistic != "range"


@dataclass(frozen=True)
class Pixels:
    """A rasterized window.

    Attributes
    ----------
    values : xarray.DataArray
        float32 [weight, column].
    window : WeightWindow
        The window that was read: whole cells, so slightly larger than requested.
    runs : numpy.ndarray or None
        int64 [column, 2]: the run's first and last column under each column of `values`, if
        these are evenly wide in iterations; None if they are evenly wide in columns of the run.
    """

    values: xr.DataArray
    window: WeightWindow
    runs: np.ndarray | None = None

    @property
    def columns(self) -> tuple[float, float]:
        """Outer edges of the first and last column."""
        return float(self.window.columns[0]), float(self.window.columns[-1] + self.window.step)

    @property
    def weights(self) -> tuple[float, float]:
        """Outer edges of the first and last row, in weights."""
        first, window = self.window.first_weight, self.window
        return float(first), float(first + window.weights_per_row * len(window.values))

    @property
    def weights_per_pixel(self) -> float:
        """Weights per pixel."""
        return (self.weights[1] - self.weights[0]) / self.values.sizes["weight"]

    @property
    def is_exact(self) -> bool:
        """Whether a pixel is one weight's own value at one iteration."""
        window, shape = self.window, self.window.values.shape
        if window.level or window.step > 1 or self.values.sizes["weight"] != shape[0]:
            return False
        if self.runs is None:
            return self.values.shape == shape
        return bool((self.runs[:, 0] == self.runs[:, 1]).all())


def pixels_of(
    run: Run,
    subject: RasterQuantity,
    columns: tuple[float, float],
    weights: tuple[float, float],
    *,
    width: int,
    height: int,
    spacing: Spacing | None = None,
) -> Pixels:
    """Read a window and rasterize it.

    Parameters
    ----------
    columns, weights : tuple of float
        First and last, the last ones excluded.
    width, height : int
        Pixels at most.
    spacing : Spacing, optional
        Positions of the columns; with true spacing every pixel spans the same number of iterations.
    """
    is_true = spacing is not None and spacing.is_true
    # Columns of different widths are converted to pixels below.
    across = COLUMNS_AT_MOST if is_true else width

    def part(statistic: str) -> tuple[xr.DataArray, WeightWindow]:
        window = read_window(
            run,
            subject.parameter,
            weights,
            columns,
            height=height,
            width=across,
            statistic=statistic,
            gradient=subject.gradient,
        )
        method = DOWNSAMPLED[statistic]
        return rasterize_window(window, across, height, method), window

    if subject.statistic == "range":
        # Range of all weights under a pixel: the greatest maximum minus the least minimum.
        (low, _), (values, window) = part("min"), part("max")
    else:
        low, (values, window) = None, part(subject.statistic)
    runs = None
    if spacing is not None and is_true:
        edges, cells = _edges_and_cells(window, values.sizes["column"], spacing, width)
        under = runs_of(edges, cells)
        values = spread(values, under, DOWNSAMPLED.get(subject.statistic, "max"))
        low = None if low is None else spread(low, under, "min")
        step = window.step
        runs = window.columns[0] + under * step + np.array([0, step - 1])
    return Pixels(values if low is None else values - low, window, runs)


def _edges_and_cells(
    window: WeightWindow, count: int, spacing: Spacing, most: int
) -> tuple[np.ndarray, int]:
    """Give the start and end of the window's columns, and the number of pixels for them."""
    columns = window.columns[0] + window.step * np.arange(count + 1)
    columns = np.minimum(columns, len(spacing.edges) - 1)
    return np.array([spacing.place(column) for column in columns]), spacing.cells(columns, most)


def spread(values: xr.DataArray, runs: np.ndarray, method: str) -> xr.DataArray:
    """Resample columns of any width to evenly wide ones.

    Parameters
    ----------
    values : xarray.DataArray
        float32 [weight, column].
    runs : numpy.ndarray
        int64 [pixel, 2]: the first and last column under each pixel.
    method : {"mean", "min", "max"}
        How several columns are combined; missing values are left out.

    Returns
    -------
    xarray.DataArray
        float32 [weight, column], one column per pixel.
    """
    cells, (first, last) = values.to_numpy(), runs.T
    if (first == last).all():
        return xr.DataArray(cells[:, first], dims=values.dims)
    padded = np.pad(cells, ((0, 0), (0, 1)), constant_values=np.nan)
    # reduceat takes only starts: every second result covers the columns between two pixels.
    starts = np.stack([first, last + 1], axis=1).ravel()
    if method == "mean":
        known = np.isfinite(padded)
        total = np.add.reduceat(np.where(known, padded, 0.0), starts, axis=1)[:, ::2]
        count = np.add.reduceat(known.astype(np.int64), starts, axis=1)[:, ::2]
        found = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    else:
        reduce = np.fmin if method == "min" else np.fmax
        found = reduce.reduceat(padded, starts, axis=1)[:, ::2]
    return xr.DataArray(found.astype(np.float32), dims=values.dims)


def rasterize_window(
    window: WeightWindow, width: int, height: int, method: str = "mean"
) -> xr.DataArray:
    """Rasterize a window with datashader.

    Each row or column becomes one pixel if there is room; otherwise datashader combines several.
    Nothing is enlarged here: the browser draws a pixel as a block.

    Parameters
    ----------
    method : {"mean", "min", "max"}
        How the rows and columns under a pixel are combined.

    Returns
    -------
    xarray.DataArray
        float32 [weight, column] of at most `height` x `width`, over all of the window's cells.
    """
    per, step = window.weights_per_row, window.step
    rows = window.first_weight + per * (0.5 + np.arange(len(window.values)))
    data = xr.DataArray(
        window.values.astype(np.float32, copy=False),
        coords={"weight": rows, "column": window.columns + 0.5 * step},
        dims=("weight", "column"),
    )
    lines, places = min(height, data.sizes["weight"]), min(width, data.sizes["column"])
    if (lines, places) == data.shape:
        return data
    # The range covers whole cells: datashader would shift cells that the range cuts.
    canvas = ds.Canvas(
        plot_width=places,
        plot_height=lines,
        x_range=(float(window.columns[0]), float(window.columns[-1] + step)),
        y_range=(float(window.first_weight), float(window.first_weight + per * len(rows))),
    )
    # datashader derives a cell's size from its neighbour: duplicate a single cell.
    for dim, size in (("weight", per), ("column", step)):
        if data.sizes[dim] == 1:
            data = xr.concat([data, data.assign_coords({dim: data[dim] + size})], dim)
    return canvas.raster(data, downsample_method=method, upsample_method="nearest")


def colour_limits(values: np.ndarray, *, signed: bool) -> tuple[float, float]:
    """Give the values of the first and last colour, around zero if values have two signs."""
    known = np.abs(values[np.isfinite(values)])
    top = (float(np.quantile(known, COLOUR_QUANTILE)) if known.size else 1.0) or 1.0
    return (-top, top) if signed else (0.0, top)


def parameter_limits(run: Run, subject: RasterQuantity) -> tuple[float, float]:
    """Give the values of the end colours for a whole parameter, a scale for all its rasters."""

    def find() -> tuple[float, float]:
        columns = 0.0, float(len(run.iterations))
        weights = 0.0, float(np.prod(shape_of(run, subject.parameter)))
        whole = pixels_of(run, subject, columns, weights, width=WHOLE_WIDTH, height=WHOLE_HEIGHT)
        return colour_limits(whole.values.to_numpy(), signed=subject.is_signed)

    return run.fact(f"colours of {subject}", find)


def scale_labels(limits: tuple[float, float], values: np.ndarray) -> tuple[list[float], list[str]]:
    """Give five ticks of a colour scale and their labels.

    The label of an end has ≤ or ≥ if some of `values` lie beyond: they have the end's colour.
    """
    ticks = [float(tick) for tick in np.linspace(*limits, 5)]
    low, high = scale_ends(limits, values)
    return ticks, [low, *map(rounded, ticks[1:-1]), high]


def scale_ends(limits: tuple[float, float], values: np.ndarray) -> tuple[str, str]:
    """Write the first and last colour's values, with ≤ or ≥ if some of `values` lie beyond."""
    (low, high), known = limits, values[np.isfinite(values)]
    # Limits from float32 numbers are rounded differently.
    slack = 1e-6 * (high - low)
    is_below = known.size > 0 and float(known.min()) < low - slack
    is_above = known.size > 0 and float(known.max()) > high + slack
    return f"{'≤ ' if is_below else ''}{rounded(low)}", f"{'≥ ' if is_above else ''}{rounded(high)}"


def rounded(value: float) -> str:
    """Write a number to three significant digits, as labels of colour scales do."""
    digits = f"{value:.3g}"
    is_written_out = "e" not in digits or 1 <= abs(value) < 1e6
    text = f"{float(digits):,.15g}" if is_written_out else digits
    return text.replace("-", "−")  # noqa: RUF001  the minus sign of the axes

"""The chart of a parameter's weights: a raster at any zoom."""

from typing import Any

import holoviews as hv
import numpy as np
import xarray as xr
from holoviews.streams import PlotSize, RangeXY

from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_raster import (
    Pixels,
    RasterQuantity,
    colour_limits,
    pixels_of,
)
from deeptracker.dashboard.data.weight_window import shape_of
from deeptracker.dashboard.notebook.figure_look import Look
from deeptracker.dashboard.notebook.matrix_raster import WIDTH, edges, mark_ends
from deeptracker.dashboard.notebook.name_lookup import checked_name
from deeptracker.dashboard.notebook.parameter_data import rows_of

__all__ = ["WeightFigures"]

STATISTICS = ["mean", "min", "max", "range"]


class WeightFigures:
    """The weight-iteration matrix of one parameter.

    Parameters
    ----------
    run : Run
    parameter : str
    look : Look
        Colours, light or dark.
    """

    def __init__(self, run: Run, parameter: str, look: Look) -> None:
        self._run = run
        self._look = look
        self.parameter = parameter
        self.shape = shape_of(run, parameter)
        self.size = int(np.prod(self.shape))

    def level(self, number: int) -> xr.Dataset:
        """Give all rows of a pyramid level, read when they are looked at.

        Parameters
        ----------
        number : int
            1 for the finest, of 16 weights a row.

        Returns
        -------
        xarray.Dataset
            `weight`, and `gradient` where recorded: [statistic, row, iteration], each row under the
            first of its weights.

        Raises
        ------
        UnknownNameError
            When the parameter ends at a finer level.
        """
        return rows_of(self._run, self.parameter, number)

    def read(
        self,
        weights: tuple[float, float] | None = None,
        iterations: tuple[float, float] | None = None,
        *,
        statistic: str = "mean",
        gradients: bool = False,
        height: int = 400,
        width: int = WIDTH,
    ) -> xr.DataArray:
        """Read a window from the level of the pyramid that has about one row per pixel.

        Small windows are read from the training log, as single weights.

        Parameters
        ----------
        weights : tuple of float, optional
            First weight, and the one after the last; None means all.
        iterations : tuple of float, optional
            First and last; None means all.
        statistic : {"mean", "min", "max", "range"}
            Statistic of the weights that share a row.
        gradients : bool
            Whether to read gradients, not weights.
        height, width : int
            Pixels; they bound the size of the result.

        Returns
        -------
        xarray.DataArray
            float32 [weight, iteration]; the weight coordinate is the first weight of each row.
        """
        subject = self._subject(statistic, gradients=gradients)
        pixels = self._pixels(subject, weights, iterations, height=height, width=width)
        lines, places = pixels.values.shape
        (first, last), (begin, end) = pixels.weights, pixels.columns
        rows = np.linspace(first, last, lines, endpoint=False).round().astype(np.int64)
        columns = np.linspace(begin, end, places, endpoint=False).astype(np.int64)
        return xr.DataArray(
            pixels.values.to_numpy(),
            coords={"weight": rows, "iteration": self._run.iterations[columns]},
            dims=("weight", "iteration"),
            name=self.parameter,
            attrs={
                "weights_per_row": pixels.weights_per_pixel,
                "level": pixels.window.level,
            },
        )

    def raster(
        self,
        *,
        statistic: str = "mean",
        gradients: bool = False,
        filters: tuple[int, int] | None = None,
        height: int = 400,
    ) -> hv.DynamicMap:
        """Draw the matrix; every zoom reads again, down to single weights.

        The colour scale covers nearly all weights; the colour bar marks an end with ≤ or ≥ if
        weights in sight lie beyond it.

        Parameters
        ----------
        statistic : {"mean", "min", "max", "range"}
            Statistic of the weights that share a pixel.
        gradients : bool
            Whether to draw gradients, not weights.
        filters : tuple of int, optional
            The filters in sight at first: the first one, and the one after the last.
        height : int
            Pixels.

        Returns
        -------
        holoviews.DynamicMap
            Of `holoviews.QuadMesh`.

        Raises
        ------
        UnknownNameError
            When there is no such statistic, or no gradients were recorded.
        """
        subject = self._subject(statistic, gradients=gradients)
        pixels_high = height
        whole = edges(self._run.iterations)
        per_filter = self.size // self.shape[0] if self.shape else 1
        first, last = filters or (0, self.size // per_filter)
        rows = (float(first * per_filter), float(last * per_filter))
        overview = self._pixels(subject, rows, None, height=height, width=WIDTH)
        limits = colour_limits(overview.values.to_numpy(), signed=subject.is_signed)

        def image(
            x_range: tuple[float, float] | None = None,
            y_range: tuple[float, float] | None = None,
            width: int | None = None,
            height: int | None = None,
            **_scale: Any,
        ) -> hv.QuadMesh:
            size = {"height": height or pixels_high, "width": width or WIDTH}
            found = self._pixels(subject, _sorted(y_range) or rows, _sorted(x_range), **size)
            return _mesh(found, whole).redim.range(value=limits)

        title = f"{self.parameter}: {'gradients' if gradients else 'weights'}, {statistic}"
        return hv.DynamicMap(image, streams=[RangeXY(), PlotSize()]).opts(
            self._mesh_options(title, subject, (float(whole[0]), float(whole[-1])), rows, height)
        )

    def _mesh_options(
        self,
        title: str,
        subject: RasterQuantity,
        iterations: tuple[float, float],
        rows: tuple[float, float],
        height: int,
    ) -> hv.Options:
        """Give the raster's colours, size, first window and tools."""
        return hv.opts.QuadMesh(
            cmap=self._look.palette("diverging" if subject.is_signed else "blues"),
            colorbar=True,
            frame_width=WIDTH,
            frame_height=height,
            invert_yaxis=True,
            xlim=iterations,
            ylim=rows,
            tools=["hover"],
            active_tools=["wheel_zoom"],
            framewise=False,
            title=title,
            hooks=[self._look.style, mark_ends],
        )

    def _subject(self, statistic: str, *, gradients: bool) -> RasterQuantity:
        checked_name(statistic, STATISTICS, "statistic of weights")
        kinds = ["weights", *(["gradients"] if self._run.has_gradients else [])]
        checked_name("gradients" if gradients else "weights", kinds, "record of")
        return RasterQuantity(self.parameter, statistic, gradients)

    def _pixels(
        self,
        subject: RasterQuantity,
        weights: tuple[float, float] | None,
        iterations: tuple[float, float] | None,
        *,
        height: int,
        width: int,
    ) -> Pixels:
        first, last = self._run.columns(iterations)
        columns, rows = (float(first), float(last + 1)), weights or (0.0, float(self.size))
        return pixels_of(self._run, subject, columns, rows, width=width, height=height)


def _mesh(found: Pixels, whole: np.ndarray) -> hv.QuadMesh:
    """Place pixels [weight, column] between iterations; `whole` has the columns' edges."""
    lines, places = found.values.shape
    down = np.linspace(*found.weights, lines + 1)
    columns = np.linspace(*found.columns, places + 1)
    across = np.interp(columns, np.arange(len(whole)), whole)
    return hv.QuadMesh((across, down, found.values.to_numpy()), ["iteration", "weight"], ["value"])


def _sorted(span: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if span is None else (min(span), max(span))

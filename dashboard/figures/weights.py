"""A parameter's charts alone: its weights as a raster at any zoom, its filters as pixels."""

from typing import Any

import holoviews as hv
import numpy as np
import xarray as xr
from holoviews.streams import PlotSize, RangeXY

from dashboard.figures.names import known
from dashboard.figures.rasters import WIDTH, edges, live_matrix
from dashboard.run import Run
from dashboard.theme import PALETTES
from dashboard.weightwindow import read, shape_of

__all__ = ["FilterFigures", "WeightFigures"]

STATISTICS = ["mean", "min", "max", "range"]
MEASURES = {
    "change_relative_norm2": "relative change",
    "change_euclidean": "Euclidean change",
    "change_manhattan": "Manhattan change",
    "change_cosine": "cosine change",
    "anomaly_score": "anomaly score",
    "norm2": "norm 2",
    "norm1": "norm 1",
    "std": "standard deviation",
}
# One incident would leave all else pale: colours end where all but so many lie.
COLOUR_QUANTILE = 0.995


class WeightFigures:
    """The weight-iteration matrix of one parameter.

    Parameters
    ----------
    run : Run
    parameter : str
    """

    def __init__(self, run: Run, parameter: str) -> None:
        self._run = run
        self.parameter = parameter
        self.shape = shape_of(run, parameter)
        self.size = int(np.prod(self.shape))

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
        """Read a window, from the level of the pyramid that has about a row a pixel.

        Zoomed in far enough, single weights are read from the training log.

        Parameters
        ----------
        weights : tuple of float, optional
            First weight, and the one after the last; all for None.
        iterations : tuple of float, optional
            First and last; all for None.
        statistic : {"mean", "min", "max", "range"}
            Of the weights that share a row.
        gradients : bool
            Of gradients instead of weights.
        height, width : int
            Pixels: what bounds the answer.

        Returns
        -------
        xarray.DataArray
            float32 [weight, iteration]; the weights are the rows' first ones.
        """
        known(statistic, STATISTICS, "statistic of weights")
        first, last = self._run.columns(iterations)
        window = read(
            self._run,
            self.parameter,
            weights or (0, self.size),
            (first, last + 1),
            height=height,
            width=width,
            statistic=statistic,
            gradient=gradients,
        )
        rows = window.first_weight + window.weights_per_row * np.arange(len(window.values))
        return xr.DataArray(
            window.values,
            coords={"weight": rows, "iteration": self._run.iterations[window.columns]},
            dims=("weight", "iteration"),
            name=self.parameter,
            attrs={"weights_per_row": window.weights_per_row, "level": window.level},
        )

    def raster(
        self,
        *,
        statistic: str = "mean",
        gradients: bool = False,
        filters: tuple[int, int] | None = None,
        height: int = 400,
    ) -> hv.DynamicMap:
        """Draw the matrix; every zoom reads anew, down to single weights.

        Parameters
        ----------
        statistic : {"mean", "min", "max", "range"}
            Of the weights that share a pixel.
        gradients : bool
            Of gradients instead of weights.
        filters : tuple of int, optional
            First filter to show at first, and the one after the last.
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
        known(statistic, STATISTICS, "statistic of weights")
        kinds = ["weights", *(["gradients"] if self._run.has_gradients else [])]
        known("gradients" if gradients else "weights", kinds, "record of")
        whole = edges(self._run.iterations)
        per_filter = self.size // self.shape[0] if self.shape else 1
        first, last = filters or (0, self.size // per_filter)
        rows = (float(first * per_filter), float(last * per_filter))
        pixels = height
        overview = self.read(rows, statistic=statistic, gradients=gradients, height=height)
        limits = _limits(overview.values, signed=statistic != "range")

        def image(
            x_range: tuple[float, float] | None = None,
            y_range: tuple[float, float] | None = None,
            width: int | None = None,
            height: int | None = None,
            **_scale: Any,
        ) -> hv.QuadMesh:
            found = self.read(
                _sorted(y_range) or rows,
                _sorted(x_range),
                statistic=statistic,
                gradients=gradients,
                height=height or pixels,
                width=width or WIDTH,
            )
            step = found.attrs["weights_per_row"]
            down = np.append(found["weight"].values, found["weight"].values[-1] + step)
            across = edges(found["iteration"].values)
            return hv.QuadMesh(
                (across, down, found.values), ["iteration", "weight"], ["value"]
            ).redim.range(value=limits)

        streams = [RangeXY(), PlotSize()]
        return hv.DynamicMap(image, streams=streams).opts(
            hv.opts.QuadMesh(
                cmap=list(PALETTES["blues" if statistic == "range" else "diverging"]),
                colorbar=True,
                frame_width=WIDTH,
                frame_height=height,
                invert_yaxis=True,
                xlim=(float(whole[0]), float(whole[-1])),
                ylim=(float(rows[0]), float(rows[1])),
                tools=["hover"],
                active_tools=["wheel_zoom"],
                framewise=False,
                title=f"{self.parameter}: {'gradients' if gradients else 'weights'}, {statistic}",
            )
        )


class FilterFigures:
    """The filters of one parameter.

    Parameters
    ----------
    run : Run
    parameter : str
        One with filter measures.
    """

    def __init__(self, run: Run, parameter: str) -> None:
        self._run = run
        self.parameter = parameter

    def values(self, measure: str = "change_relative_norm2") -> np.ndarray:
        """Give a measure of every filter, float32 [filter, iteration].

        Raises
        ------
        UnknownNameError
            When there is no such measure.
        """
        known(measure, MEASURES, "measure of filters")
        return self._run.array(f"filters/{self.parameter.replace('/', '.')}/{measure}")

    def plot(
        self, measure: str = "change_relative_norm2", *, order: str = "index", height: int = 320
    ) -> hv.DynamicMap:
        """Draw one line of pixels a filter.

        Parameters
        ----------
        measure : str
            Such as ``"change_relative_norm2"``, ``"anomaly_score"`` or ``"norm2"``.
        order : {"index", "size"}
            By number, or the largest last norm first.
        height : int
            Pixels.

        Returns
        -------
        holoviews.DynamicMap
            Rasterized anew at every zoom.
        """
        values = self.values(measure)
        known(order, ["index", "size"], "order of filters")
        places = np.arange(len(values))
        if order == "size":
            places = np.argsort(-np.nan_to_num(self.values("norm2")[:, -1]), kind="stable")
        return live_matrix(
            values[places],
            self._run.iterations,
            [f"filter {place}" for place in places],
            rows="filter",
            value=(measure, MEASURES[measure]),
            title=f"{self.parameter}: {MEASURES[measure]}, filter by iteration",
            limits=_limits(values, signed=False),
            height=height,
        )


def _limits(values: np.ndarray, *, signed: bool) -> tuple[float, float]:
    known_ = values[np.isfinite(values)]
    if not known_.size:
        return (-1.0, 1.0) if signed else (0.0, 1.0)
    top = float(np.quantile(np.abs(known_) if signed else known_, COLOUR_QUANTILE)) or 1.0
    return (-top, top) if signed else (min(0.0, float(known_.min())), max(top, 1e-12))


def _sorted(span: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if span is None else (min(span), max(span))

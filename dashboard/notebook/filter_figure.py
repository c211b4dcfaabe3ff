"""The chart of a parameter's filters: one line of pixels per filter."""

import holoviews as hv
import numpy as np
import xarray as xr

from deeptracker.dashboard.data.filter_series import read_filters
from deeptracker.dashboard.data.quantities import filter_measures, measure_label
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_raster import colour_limits
from deeptracker.dashboard.notebook.figure_look import Look
from deeptracker.dashboard.notebook.matrix_raster import live_matrix
from deeptracker.dashboard.notebook.name_lookup import checked_name
from deeptracker.dashboard.notebook.parameter_data import filters_of

__all__ = ["FilterFigures"]


class FilterFigures:
    """The filters of one parameter.

    Parameters
    ----------
    run : Run
    parameter : str
        One with filter measures.
    look : Look
        Colours, light or dark.
    """

    def __init__(self, run: Run, parameter: str, look: Look) -> None:
        self._run = run
        self._look = look
        self.parameter = parameter

    @property
    def data(self) -> xr.Dataset:
        """All measures and the anomaly score of the filters, read when they are looked at."""
        return filters_of(self._run, self.parameter)

    def values(self, measure: str = "change_relative_norm2") -> np.ndarray:
        """Give a measure of every filter, float32 [filter, iteration].

        Raises
        ------
        UnknownNameError
            When there is no such measure.
        """
        checked_name(measure, filter_measures(self._run), "measure of filters")
        return read_filters(self._run, self.parameter, measure)

    def plot(
        self, measure: str = "change_relative_norm2", *, order: str = "index", height: int = 320
    ) -> hv.DynamicMap:
        """Draw one line of pixels per filter.

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
            Rasterized again at every zoom.
        """
        values = self.values(measure)
        checked_name(order, ["index", "size"], "order of filters")
        places = np.arange(len(values))
        if order == "size":
            places = np.argsort(-np.nan_to_num(self.values("norm2")[:, -1]), kind="stable")
        return live_matrix(
            values[places],
            self._run.iterations,
            [f"filter {place}" for place in places],
            rows="filter",
            value=(measure, measure_label(measure)),
            title=f"{self.parameter}: {measure_label(measure)}, filter by iteration",
            limits=colour_limits(values, signed=False),
            look=self._look,
            height=height,
        )

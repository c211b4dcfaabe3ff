"""The library: an opened run, with charts as HoloViews objects and data as xarray objects."""

import html
from functools import cached_property
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import xarray as xr

from deeptracker.dashboard.data.incidents import incidents_of
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.notebook.class_figure import ClassFigures
from deeptracker.dashboard.notebook.cube_figure import CubeFigures
from deeptracker.dashboard.notebook.figure_look import Look
from deeptracker.dashboard.notebook.filter_figure import FilterFigures
from deeptracker.dashboard.notebook.layer_figure import LayerFigures
from deeptracker.dashboard.notebook.name_lookup import checked_name
from deeptracker.dashboard.notebook.timeline_figure import TimelineFigures
from deeptracker.dashboard.notebook.weight_figure import WeightFigures
from deeptracker.pipeline.store.run_store import open_store
from deeptracker.pipeline.store.stored_incidents import COLUMNS
from deeptracker.wording import counted

__all__ = ["OpenedRun"]

FINDING = ("rule", "severity", "node", "class_", "at_iteration", "value", "message")


class OpenedRun:
    """A processed run, as `deeptracker.open` returns it.

    Parameters
    ----------
    location : str
        Path or URL of the store.
    theme : {"light", "dark"}, optional
        The theme of all figures; None takes Panel's.

    Raises
    ------
    StoreError
        When the location holds no store.

    Examples
    --------
    >>> run = deeptracker.open("demo/digits.dtstore")
    >>> run.layers.plot(["layer1", "layer2"])
    >>> run.weights("layer1.0.conv1").raster()
    """

    def __init__(self, location: str, theme: str | None = None) -> None:
        Look.of(theme)
        self.theme = theme
        self._run = Run(location)
        if not hv.Store.renderers:
            hv.extension("bokeh")

    @property
    def name(self) -> str:
        """The run's name."""
        return self._run.name

    @property
    def iterations(self) -> np.ndarray:
        """Recorded iterations, int64 [iteration]."""
        return self._run.iterations

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters."""
        return self._run.parameter_names

    @property
    def timeline(self) -> TimelineFigures:
        """Scalars and anomaly counts."""
        return TimelineFigures(self._run, Look.of(self.theme))

    @property
    def classes(self) -> ClassFigures:
        """Classes of the validation set, and their images."""
        return ClassFigures(self._run, Look.of(self.theme))

    @property
    def layers(self) -> LayerFigures:
        """Nodes of the architecture tree: network, stages, blocks, layers, parameters."""
        return LayerFigures(self._run, Look.of(self.theme))

    @property
    def cube(self) -> CubeFigures:
        """Classes, layers and iterations that were anomalous together."""
        return CubeFigures(self._run, Look.of(self.theme))

    def weights(self, name: str) -> WeightFigures:
        """Give the weights of a parameter, or of a layer with one weight.

        Parameters
        ----------
        name : str
            ``"layer1.0.conv1.weight"``, or ``"layer1.0.conv1"``.

        Raises
        ------
        UnknownNameError
            When there is no such parameter.
        """
        return WeightFigures(self._run, self._parameter(name, self.parameters), Look.of(self.theme))

    def filters(self, name: str) -> FilterFigures:
        """Give the filters of a parameter, or of a layer with one weight.

        Parameters
        ----------
        name : str
            ``"layer1.0.conv1.weight"``, or ``"layer1.0.conv1"``.

        Raises
        ------
        UnknownNameError
            When there is no such parameter, or it has no filters.
        """
        filtered = self._run.filtered_parameters(0)
        return FilterFigures(self._run, self._parameter(name, filtered), Look.of(self.theme))

    def _parameter(self, name: str, names: list[str]) -> str:
        """Complete a layer's name to the name of its weight."""
        if name not in names and f"{name}.weight" in names:
            return f"{name}.weight"
        below = [other for other in names if other.rpartition(".")[0] == name]
        if name not in names and len(below) == 1:
            return below[0]
        return checked_name(name, names, "parameter")

    @cached_property
    def tree(self) -> xr.DataTree:
        """All arrays of the store, read lazily."""
        return open_store(self._run.location, self._run.storage).tree()

    @property
    def findings(self) -> pd.DataFrame:
        """Health findings: rule, severity, node, class_, iteration, value, message."""
        run = self._run
        has_findings = run.has("health/rule")
        columns: dict[str, Any] = {
            name.removeprefix("at_"): run.array(f"health/{name}") if has_findings else []
            for name in FINDING
        }
        return pd.DataFrame(columns).convert_dtypes(dtype_backend="numpy_nullable")

    @property
    def incidents(self) -> pd.DataFrame:
        """What happened, the gravest first: a row an incident, columns as in the store."""
        return pd.DataFrame(
            [vars(incident) for incident in incidents_of(self._run)], columns=list(COLUMNS)
        )

    def __repr__(self) -> str:
        names = self._run.class_names
        classes = f", {counted(len(names), 'class', 'classes')}" if self._run.has_images else ""
        return (
            f"<run {self.name!r}: {counted(len(self.iterations), 'iteration')}, "
            f"{counted(len(self.parameters), 'parameter')}{classes}>"
        )

    def _repr_html_(self) -> str:
        parts = ["timeline.plot()", "classes.plot()", "layers.plot()", "cube.faces()"]
        parts += ["weights(name).raster()", "filters(name).plot()", "tree", "incidents", "findings"]
        shown = ", ".join(f"<code>.{part}</code>" for part in parts)
        return f"<b>{html.escape(repr(self).strip('<>'))}</b><br>{shown}"

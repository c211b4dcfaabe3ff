"""The charts of the correlation view: the cube's faces on shared axes, and its strongest cells."""

from dataclasses import asdict

import holoviews as hv
import numpy as np
import pandas as pd

from deeptracker.dashboard.data.cube_numbers import anomalous_filters, class_anomalies, layer_names
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.strongest_cells import strongest
from deeptracker.dashboard.notebook.figure_look import Look
from deeptracker.dashboard.notebook.matrix_raster import live_matrix, name_axis
from deeptracker.dashboard.notebook.name_lookup import checked_name, checked_names
from deeptracker.dashboard.selection.selection import RULES, Selection
from deeptracker.dashboard.views.correlation.cube_choice import CubeChoice
from deeptracker.dashboard.views.correlation.cube_faces import Faces, faces_of
from deeptracker.dashboard.views.correlation.state import CorrelationState

__all__ = ["CubeFigures"]

FRONTS = ["co_occurrence", "association"]
FACE = 300


class CubeFigures:
    """Classes, layers and iterations that were anomalous together.

    Parameters
    ----------
    run : Run
    look : Look
        Colours, light or dark.
    """

    def __init__(self, run: Run, look: Look) -> None:
        checked_name(
            "cube", ["cube"] if run.has_images and run.has("cube/layer") else [], "data for a"
        )
        self._run = run
        self._look = look

    def _choice(
        self,
        rule: str,
        window: int,
        front: str,
        iteration: int | None,
        class_: str | None,
        layer: str | None,
    ) -> CubeChoice:
        run = self._run
        selection = Selection(rule=checked_name(rule, RULES, "anomaly rule"), anomaly_window=window)
        if iteration is not None:
            selection.iterations = [
                int(checked_name(iteration, run.iterations, "recorded iteration"))
            ]
        if class_ is not None:
            selection.classes = checked_names(str(class_), run.class_names, "class")
        if layer is not None:
            selection.nodes = checked_names(layer, layer_names(run), "layer")
        state = CorrelationState(association=checked_name(front, FRONTS, "front face"))
        return CubeChoice.of(selection, state)

    def faces(
        self,
        *,
        front: str = "co_occurrence",
        iteration: int | None = None,
        class_: str | None = None,
        layer: str | None = None,
        rule: str = "left",
        window: int = 5,
    ) -> hv.Layout:
        """Draw the three faces flat, on shared axes: top above front, side next to front.

        Parameters
        ----------
        front : {"co_occurrence", "association"}
            The paper's count of anomalous filters at a class's anomalous iterations, or the rank
            correlation, without cells that are not significant.
        iteration : int, optional
            Slice by this iteration: the front face shows its anomalous filters.
        class_, layer : str, optional
            Slice by it: the side (top) face keeps the iterations at which the class (layer) was
            anomalous.
        rule : {"left", "right", "full"}
        window : int
            The anomaly rule's.

        Returns
        -------
        holoviews.Layout
            Two rasters over time that are drawn again at every zoom, and the front face.

        Raises
        ------
        UnknownNameError
            When there is no such class, layer, iteration or rule.
        """
        run = self._run
        choice = self._choice(rule, window, front, iteration, class_, layer)
        faces = faces_of(run, choice)
        images, filters = self._sliced(choice)
        top = live_matrix(
            images,
            run.iterations,
            run.class_names,
            rows="class",
            value=("images", "anomalous images"),
            title=f"Top: {faces.titles['top']}",
            upright=True,
            height=FACE,
            look=self._look,
            width=2 * FACE,
        )
        side = self._side(filters, f"Side: {faces.titles['side']}")
        return hv.Layout([top, hv.Empty(), self._front(faces), side]).cols(2)

    def _sliced(self, choice: CubeChoice) -> tuple[np.ndarray, np.ndarray]:
        """Give the top face [class, iteration] and the side [layer, iteration], NaN outside."""
        run = self._run
        images = class_anomalies(run, choice.rule, choice.anomaly_window).astype(np.float32)
        filters = anomalous_filters(run).astype(np.float32)
        shown_images, shown_filters = images, filters
        if choice.nodes:
            layer = layer_names(run).index(choice.nodes[0])
            shown_images = np.where(filters[layer] > 0, images, np.nan)
        if choice.classes:
            class_ = run.class_names.index(choice.classes[0])
            shown_filters = np.where(images[class_] > 0, filters, np.nan)
        return shown_images, shown_filters

    def _side(self, filters: np.ndarray, title: str) -> hv.DynamicMap:
        """Draw the layer-iteration face; `filters` counts anomalous filters [layer, iteration]."""
        return live_matrix(
            filters,
            self._run.iterations,
            layer_names(self._run),
            rows="layer",
            value=("filters", "anomalous filters"),
            title=title,
            height=FACE,
            look=self._look,
            width=FACE,
        )

    def _front(self, faces: Faces) -> hv.QuadMesh:
        """Draw the class-layer face."""
        face = faces.front
        values, faded = face.values, face.insignificant
        signed = faded is not None
        shown = np.where(faded, np.nan, values) if faded is not None else values
        top = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
        across = faces.classes.first - 0.5 + faces.classes.step * np.arange(values.shape[1] + 1)
        down = faces.layers.first - 0.5 + faces.layers.step * np.arange(values.shape[0] + 1)
        label = "rank correlation" if signed else "anomalous filters"
        mesh = hv.QuadMesh((across, down, shown), ["class", "layer"], [("front", label)])
        return mesh.opts(
            cmap=self._look.palette("diverging" if signed else "blues"),
            clim=(-top if signed else 0.0, top),
            colorbar=True,
            frame_width=FACE,
            frame_height=FACE,
            invert_yaxis=True,
            tools=["hover"],
            active_tools=["wheel_zoom"],
            title=f"Front: {faces.titles['front']}",
            hooks=[
                name_axis(faces.classes.labels, "x"),
                name_axis(faces.layers.labels, "y"),
                self._look.style,
            ],
        )

    def strongest(self, count: int = 12, *, rule: str = "left", window: int = 5) -> pd.DataFrame:
        """List the cells at which most images and filters were anomalous together.

        Parameters
        ----------
        count : int
            Number of cells.
        rule : {"left", "right", "full"}
        window : int

        Returns
        -------
        pandas.DataFrame
            class_, layer, iteration, images, filters, score, parameter, filter, filter_score.
        """
        chosen = Selection(rule=checked_name(rule, RULES, "anomaly rule"), anomaly_window=window)
        found = strongest(self._run, chosen.rule, chosen.anomaly_window, count=count)
        return pd.DataFrame([asdict(triple) for triple in found])

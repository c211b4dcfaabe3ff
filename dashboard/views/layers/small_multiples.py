"""One small multiple: a node's statistics over the iterations, in the chosen encoding."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from deeptracker.dashboard.data.gradients import shows_gradients
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.quantities import node_statistics
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.filters.state import FiltersState
from deeptracker.dashboard.views.layers.histogram_rows import histogram_of
from deeptracker.dashboard.views.layers.state import LayersState
from deeptracker.dashboard.views.layers.vertical_scales import Scale, scale_of
from deeptracker.dashboard.widgets.rows import Row
from deeptracker.pipeline.measures.node_statistics.registry import NODE_STATISTICS

__all__ = ["ENCODINGS", "Drawing", "abbreviated", "height_of", "multiple"]

ENCODINGS = {
    "band": "quartiles and extremes",
    "line": "line",
    "box": "boxes",
    "horizon": "horizon",
    "change": "change ratio",
    "histogram": "histogram, as heat",
    "ridge": "histogram, as ridges",
}
FIVE = ("min", "q1", "median", "q3", "max")
HEIGHTS = {"network": 64, "stage": 54, "block": 48, "layer": 44, "parameter": 40}
HISTOGRAM_HEIGHT = 76
ENLARGED_HEIGHT = 300
BLUE, ORANGE = "#0072B2", "#D55E00"
LABEL_ROOM = 54


def statistic_path(name: str, *, gradients: bool) -> str:
    """Give the path of a statistic of weights or gradients in the store."""
    return f"nodes/{'grad_' if gradients else ''}{name}"


def statistic_of(run: Run, state: LayersState) -> str:
    """Name the statistic that lines and horizons show."""
    return state.statistic if state.statistic in node_statistics(run) else "std"


def height_of(run: Run, state: LayersState, node: int) -> float:
    """Give the height of a node's multiple in CSS pixels."""
    if str(run.nodes["name"][node]) == state.enlarged:
        return ENLARGED_HEIGHT
    height = HEIGHTS.get(str(run.nodes["kind"][node]), 44)
    return max(HISTOGRAM_HEIGHT, height) if state.encoding in ("histogram", "ridge") else height


@dataclass(frozen=True)
class Drawing:
    """How nodes are drawn: the choices, evaluated once for all nodes.

    Attributes
    ----------
    run : Run
    state : LayersState
    gradients : bool
        Whether gradients are drawn, not weights.
    columns : PixelColumns
    common : Scale or None
        The scale of all nodes; None if each has its own.
    """

    run: Run
    state: LayersState
    gradients: bool
    columns: PixelColumns
    common: Scale | None

    @classmethod
    def of(
        cls,
        run: Run,
        selection: Selection,
        state: LayersState,
        filters: FiltersState,
        nodes: Sequence[int],
    ) -> "Drawing":
        """Prepare to draw some nodes; a common scale covers exactly these."""
        columns = PixelColumns.of(run, selection.window)
        drawing = cls(run, state, shows_gradients(run, filters.quantity), columns, None)
        if not state.common_scale or state.encoding == "change":
            return drawing
        return replace(drawing, common=drawing.scale(nodes))

    @property
    def statistics(self) -> tuple[str, ...]:
        """The statistics that the encoding draws or whose extremes bound its axis."""
        encoding = self.state.encoding
        if encoding in ("histogram", "ridge"):
            return ("min", "max")
        return FIVE if encoding in ("band", "box") else (statistic_of(self.run, self.state),)

    def path(self, statistic: str) -> str:
        """Give the path of a statistic of the drawn quantity in the store."""
        return statistic_path(statistic, gradients=self.gradients)

    def scale(self, nodes: Sequence[int]) -> Scale:
        """Give the scale that covers some nodes."""
        paths = [self.path(name) for name in self.statistics]
        return scale_of(self.run, paths, nodes, self.columns, log=self.state.log_scale)

    def table(self, nodes: Sequence[int]) -> pd.DataFrame:
        """Give the drawn statistics as a table: one line per node and iteration of the window."""
        run, shown = self.run, self.columns.span
        iterations = run.iterations[shown]
        names = [str(run.nodes["name"][node]) or "network" for node in nodes]
        table = pd.DataFrame(
            {
                "node": np.repeat(names, len(iterations)),
                "iteration": np.tile(iterations, len(names)),
            }
        )
        if self.state.encoding == "change":
            ratios = run.array(self.path("change_ratio"))
            for place, threshold in enumerate(run.array("nodes/threshold")):
                values = ratios[list(nodes), place][:, shown]
                table[f"changed_over_{threshold:.3g}"] = values.ravel()
            return table
        for name in dict.fromkeys((*self.statistics, statistic_of(run, self.state))):
            values = run.array(self.path(name))[list(nodes)][:, shown]
            table[name] = values.ravel()
        return table


def multiple(drawing: Drawing, node: int) -> Row:
    """Draw one node.

    Parameters
    ----------
    node : int
        Its index in the architecture's table.
    """
    run, state = drawing.run, drawing.state
    options = _label(run, node) | drawing.columns.options
    key, height = f"node:{run.nodes['name'][node]}", height_of(run, state, node)
    encoding = state.encoding
    if encoding in ("histogram", "ridge"):
        scale = drawing.common or drawing.scale([node])
        histogram = histogram_of(run, drawing.path("histogram"), node, drawing.columns, scale)
        return histogram.row(key, height, options, common=drawing.common is not None, form=encoding)
    if encoding == "change":
        return _change(drawing, node, key, height, options)
    names = drawing.statistics
    series = [_series(drawing, name, node) for name in names]
    options |= (drawing.common or drawing.scale([node])).options
    colour = ORANGE if drawing.gradients else BLUE
    labels = [NODE_STATISTICS[name].label for name in names]
    options["series"] = [{"name": label, "colour": colour} for label in labels]
    if encoding == "horizon":
        options["bands"] = state.horizon_bands
    kinds = {"band": "spread", "box": "boxes", "horizon": "horizons"}
    arrays = tuple(values.astype(np.float32) for values in series)
    return Row(key, kinds.get(encoding, "traces"), height, arrays, options)


def _label(run: Run, node: int) -> dict[str, Any]:
    nodes = run.nodes
    kind, name = str(nodes["kind"][node]), str(nodes["name"][node])
    size, shape = int(nodes["size"][node]), str(nodes["shape"][node]).replace("x", "\u00d7")
    what = str(nodes["type"][node]) or kind
    lifetime = run.lifetime(node)
    when = f", {lifetime}" if lifetime else ""
    return {
        "label": str(nodes["label"][node]) or "network",
        "details": [
            *([f"{shape or what}, {size:,}{when}", f"{abbreviated(size)}{when}"] if when else []),
            f"{shape or what}, {size:,}",
            f"{size:,}",
            abbreviated(size),
        ],
        "title": f"{name or 'network'}: {what} {shape}, {size:,} weights{when}",
        "indent": int(nodes["depth"][node]),
        "strong": kind in ("network", "stage"),
        "label_room": LABEL_ROOM,
        "can_enlarge": True,
    }


def abbreviated(size: int) -> str:
    """Write a number of weights in few characters."""
    for unit, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        # A number that rounds to 1000 of a unit is written as 1 of the next unit.
        if size >= 0.9995 * unit:
            return f"{size / unit:.3g}{letter}"
    return str(size)


def _series(drawing: Drawing, name: str, node: int) -> np.ndarray:
    values = drawing.run.array(drawing.path(name))[node]
    return drawing.columns.joined(values[drawing.columns.span], NODE_STATISTICS[name].joined)


def _change(drawing: Drawing, node: int, key: str, height: float, options: dict[str, Any]) -> Row:
    """Draw the share of weights that changed by more than each threshold."""
    run, columns = drawing.run, drawing.columns
    ratios = run.array(drawing.path("change_ratio"))[node]
    thresholds = run.array("nodes/threshold")
    order = np.argsort(thresholds)
    log = drawing.state.log_scale
    options |= Scale("log", 1e-4, 1.0).options if log else Scale("linear", 0.0, 1.0).options
    options["series"] = [{"name": f"changed by over {thresholds[i]:.3g}"} for i in order]
    shares = columns.joined(ratios[order][:, columns.span], "max")
    arrays = tuple(share.astype(np.float32) for share in shares)
    return Row(key, "shares", height, arrays, options)

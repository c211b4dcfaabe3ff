"""A person's actions on the cube, as changes of the selection and the state."""

from typing import Any

import numpy as np

from deeptracker.dashboard.data.cube_numbers import (
    anomalous_filters,
    class_anomalies,
    layer_filters,
    layer_names,
)
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.window import window_of
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.selection.state import together
from deeptracker.dashboard.views.correlation.cube_axis import Axis
from deeptracker.dashboard.views.correlation.cube_choice import CubeChoice, Picks, picks_of
from deeptracker.dashboard.views.correlation.cube_faces import Faces, axes_of
from deeptracker.dashboard.views.correlation.state import CorrelationState

__all__ = ["UNFOLDED", "CubeActions", "planes_of"]

NAMES = {"class": "classes", "layer": "nodes", "time": "iterations"}
WINDOWS = {"class": "cube_classes", "layer": "cube_layers"}
UNFOLDED = {"class": "cube_class", "layer": "cube_layer"}
# With more items than this on an axis, unfolding shows only the parts of the unfolded item.
ITEMS_IN_SIGHT = 60


class CubeActions:
    """Turns the events of ``cube_actions.js`` into changes of the selection and the state.

    Attributes
    ----------
    faces : Faces or None
        The faces drawn now; events refer to their items.
    """

    def __init__(self, run: Run, selection: Selection, state: CorrelationState) -> None:
        self.run = run
        self.selection = selection
        self.state = state
        self.faces: Faces | None = None

    @property
    def choice(self) -> CubeChoice:
        """The current choices."""
        return CubeChoice.of(self.selection, self.state)

    def bring_into_sight(self) -> None:
        """Move the windows so that they contain the picks."""
        classes, layers, _ = axes_of(self.run, self.choice)
        planes = planes_of((classes, layers), picks_of(self.run, self.choice))
        for name, axis in (("class", classes), ("layer", layers)):
            place = planes[name]
            if place >= 0 and not axis.first <= place < axis.last:
                wide = axis.last - axis.first
                first = min(max(0, place - wide // 2), len(axis.labels) - wide)
                setattr(self.state, WINDOWS[name], (first, first + wide))

    def act(self, act: dict[str, Any]) -> None:
        """Act on an event of the cube."""
        do = {
            "cell": self._pick_cell,
            "pick": self._pick_item,
            "clear": self._clear,
            "unfold": self._unfold,
            "window": self._show_windows,
            "whole": self._show_whole,
            "flat": self._turn,
        }[act["type"]]
        do(act)

    def _turn(self, act: dict[str, Any]) -> None:
        self.state.cube_flat = int(act["value"])

    def _pick_cell(self, act: dict[str, Any]) -> None:
        """Slice by both items of a cell; if several items share the cell, by the strongest."""
        spans = {name: slice(*map(int, span)) for name, span in act["items"].items()}
        chosen = {name: span.start for name, span in spans.items()}
        if any(span.stop - span.start > 1 for span in spans.values()):
            chosen = self._strongest_of(spans)
        values: dict[str, Any] = {}
        for name, place in chosen.items():
            values |= self._picks_with(name, place, add=act.get("shift", False))
        self._pick_or_drop(values)

    def _pick_item(self, act: dict[str, Any]) -> None:
        add = act.get("shift", False)
        self._pick_or_drop(self._picks_with(act["axis"], int(act["item"]), add=add))

    def _pick_or_drop(self, values: dict[str, Any]) -> None:
        """Pick an item; a second click drops it."""
        if all(getattr(self.selection, key) == value for key, value in values.items()):
            values = {key: [] for key in values}
        self.selection.param.update(**values)

    def _picks_with(self, name: str, place: int, *, add: bool) -> dict[str, Any]:
        """Give the selection's values that pick an item."""
        axis = self._axis(name)
        whole, part = int(axis.wholes[place]), int(axis.parts[place])
        found: dict[str, Any]
        if name == "time":
            found = {"iterations": int(self.run.iterations[whole])}
        elif name == "class":
            found = {"classes": self.run.class_names[whole]}
            found |= {"images": part} if part >= 0 else {}
        else:
            layer = layer_names(self.run)[whole]
            found = {"nodes": layer}
            found |= {"filters": list(layer_filters(self.run, layer)[part])} if part >= 0 else {}
        before = {key: getattr(self.selection, key) if add else [] for key in found}
        return {
            key: [*(other for other in before[key] if other != value), value]
            for key, value in found.items()
        }

    def _strongest_of(self, spans: dict[str, slice]) -> dict[str, int]:
        """Find the place of the greatest value in a cell that several items share."""
        rule, window = self.selection.rule, self.selection.anomaly_window
        images, filters = class_anomalies(self.run, rule, window), anomalous_filters(self.run)
        wholes = {name: self._axis(name).wholes[span] for name, span in spans.items()}
        if "layer" not in wholes:
            values = images[np.ix_(wholes["class"], wholes["time"])]
            names = ("class", "time")
        elif "class" not in wholes:
            values = filters[np.ix_(wholes["layer"], wholes["time"])]
            names = ("layer", "time")
        else:
            columns = self._axis("time").wholes[self._axis("time").shown]
            anomalous = images[np.ix_(wholes["class"], columns)] > 0
            values = anomalous.astype(int) @ filters[np.ix_(wholes["layer"], columns)].T
            names = ("class", "layer")
        best = np.unravel_index(int(values.argmax()), values.shape)
        return {name: spans[name].start + int(at) for name, at in zip(names, best, strict=True)}

    def _axis(self, name: str) -> Axis:
        assert self.faces is not None
        faces = self.faces
        return {"class": faces.classes, "layer": faces.layers, "time": faces.time}[name]

    def _clear(self, act: dict[str, Any]) -> None:
        axes = list(NAMES) if act["axis"] == "all" else [act["axis"]]
        self.selection.param.update(**{NAMES[axis]: [] for axis in axes})

    def _unfold(self, act: dict[str, Any]) -> None:
        """Unfold or fold a class or layer; if there are many items, show only its parts."""
        name = act["axis"]
        if name not in UNFOLDED:
            return
        if "item" in act:
            whole = int(self._axis(name).wholes[int(act["item"])])
            names = self.run.class_names if name == "class" else layer_names(self.run)
            chosen = names[whole]
        else:
            chosen = str(act["name"])
        folds = getattr(self.state, UNFOLDED[name]) == chosen
        self.state.param.update(**{UNFOLDED[name]: "" if folds else chosen, WINDOWS[name]: None})
        axis = axes_of(self.run, self.choice)[0 if name == "class" else 1]
        parts = np.flatnonzero(axis.parts >= 0)
        if len(parts) and len(axis.labels) > ITEMS_IN_SIGHT:
            setattr(self.state, WINDOWS[name], (int(parts[0]) - 1, int(parts[-1]) + 1))

    def _show_windows(self, act: dict[str, Any]) -> None:
        values: dict[str, Any] = {}
        for name, key in WINDOWS.items():
            shown = act["windows"][name]
            whole = shown["last"] - shown["first"] >= len(self._axis(name).labels)
            values[key] = None if whole else (int(shown["first"]), int(shown["last"]))
        time = act["windows"]["time"]
        with together(self.selection, self.state):
            self.state.param.update(**values)
            self.selection.window = window_of(self.run, int(time["first"]), int(time["last"]) - 1)

    def _show_whole(self, _act: dict[str, Any]) -> None:
        with together(self.selection, self.state):
            self.state.param.update(cube_classes=None, cube_layers=None)
            self.selection.window = None


def planes_of(axes: tuple[Axis, Axis], picks: Picks) -> dict[str, int]:
    """Give the places of the picked class, layer and iteration among the items; -1 for none."""
    classes, layers = axes
    return {
        "class": classes.place(picks.classes[-1]) if picks.classes else -1,
        "layer": layers.place(picks.layers[-1]) if picks.layers else -1,
        "time": picks.columns[-1] if picks.columns else -1,
    }

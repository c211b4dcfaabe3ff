"""The correlation view: the cube, oblique or flat, and its strongest cells."""

from typing import Any

import numpy as np
import pandas as pd
import panel as pn

from deeptracker.dashboard.data.background import Latest
from deeptracker.dashboard.data.class_series import named_class
from deeptracker.dashboard.data.cube_numbers import layer_names
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.strongest_cells import Triple, strongest
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.selection.state import together
from deeptracker.dashboard.views.correlation.cube import Cube, packed_faces
from deeptracker.dashboard.views.correlation.cube_actions import UNFOLDED, CubeActions, planes_of
from deeptracker.dashboard.views.correlation.cube_axis import Axis
from deeptracker.dashboard.views.correlation.cube_choice import CubeChoice, Picks, picks_of
from deeptracker.dashboard.views.correlation.cube_faces import Faces, axes_of, faces_of
from deeptracker.dashboard.views.correlation.state import CorrelationState
from deeptracker.dashboard.views.correlation.strongest_table import StrongestTable
from deeptracker.dashboard.widgets.controls import bar, choice, number_field, rail, text, with_rail

__all__ = ["CorrelationView"]

MEASURE_WIDTH = 220


class CorrelationView:
    """Shows which classes, layers and iterations were anomalous together."""

    title = "Correlation"
    tip = "Which classes, layers and iterations were anomalous together"
    about = (
        "A cube of classes, layers and iterations. Its top shows how many images of a class were "
        "anomalous at an iteration, its side how many filters of a layer were, and its front how "
        "a class and a layer are related: the anomalous filters of the layer at the class's "
        "anomalous iterations, or the rank correlation of the two series (cells whose corrected "
        "p-value is not significant are pale and hatched).\n\n"
        "Click a cell or a label to slice: the plane of the picked iteration, class or layer moves "
        "into the cube, and the faces show the slice; what lies outside it is pale. The slider, or "
        "dragging, unfolds the cube flat. The wheel zooms both axes of a face, and its neighbours "
        "follow. The arrow before a layer unfolds its filters, a double click on a class its "
        "images. "
        "If there are more items than pixels, a cell shows the greatest of several.\n\n"
        "The table lists the strongest triples; each is a link."
    )

    states = (CorrelationState,)

    def __init__(self, run: Run, selection: Selection, state: CorrelationState) -> None:
        self.run = run
        self.selection = selection
        self.state = state
        self.cube = Cube(sizing_mode="stretch_width")
        self.links = StrongestTable(sizing_mode="stretch_width")
        self.list = rail(self.links)
        # As high as the cube and its legend, so that both ends are in sight with them.
        self.list.styles = {"max-height": "max(320px, var(--dt-cube, 0px))"}
        self.measure = choice(
            state.param.association,
            "Front face",
            {"co_occurrence": "anomalous together", "association": "rank correlation"},
            "The paper's count of anomalous filters at a class's anomalous iterations, or "
            "Spearman's correlation of the two series, with p-values from circular shifts, "
            "corrected over all pairs",
            MEASURE_WIDTH,
        )
        # A picked iteration leaves one measure: this control names it in place of the choice.
        self.sliced_measure = pn.widgets.Select(
            label="Front face",
            description="The anomalous filters at the picked iteration, where the class is "
            "anomalous too. A correlation is of two series over the iterations: at one iteration "
            "there is no rank correlation. Drop the iteration's slice to choose.",
            disabled=True,
            visible=False,
            width=MEASURE_WIDTH,
            margin=(0, 8, 0, 0),
        )
        self.triples: list[Triple] = []
        self.actions = CubeActions(run, selection, state)
        self._faces, self._ranks = Latest(run.location), Latest(run.location)
        self._axes_sent: tuple[Any, ...] = ()
        self._drawn: tuple[str, CubeChoice] | None = None
        self.cube.param.watch(lambda event: self.actions.act(event.new), "event")
        self.links.param.watch(self._chosen, "event")
        slicing = ["iterations", "classes", "nodes"]
        shaping = ["association", "cube_order", "cube_classes", "cube_layers"]
        shaping += ["cube_class", "cube_layer"]
        selection.param.watch(self._recounted, ["rule", "anomaly_window", "window"])
        selection.param.watch(self._picked, slicing)
        state.param.watch(self._redrawn, shaping)
        state.param.watch(self._turned, "cube_flat")
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the controls, the cube, and the table of its strongest cells."""
        if not self._complete:
            return text(
                "<div class='dt-empty'><b>The cube needs outcomes and layers.</b><br>Record "
                "outcomes with <code>recorder.outcomes(…)</code>, and process "
                "the log again.</div>",
                sizing_mode="stretch_width",
            )
        shared = self.selection.param
        controls = bar(
            self.measure,
            self.sliced_measure,
            choice(
                shared.rule,
                "Anomaly rule",
                {"left": "left", "right": "right", "full": "full"},
                "left: changes after k equal outcomes; right: before k equal ones; full: both",
                104,
            ),
            number_field(
                shared.anomaly_window,
                "Window k",
                "Number of equal outcomes that the rule needs",
                82,
            ),
            choice(
                self.state.param.cube_order,
                "Classes",
                {"name": "as recorded", "anomaly": "most anomalous first"},
                "Order of the cube's class axis",
                170,
            ),
        )
        return pn.Column(controls, with_rail(self.cube, self.list), sizing_mode="stretch_width")

    @property
    def _complete(self) -> bool:
        return self.run.has_images and self.run.has("cube/anomalous_filters")

    def update(self) -> None:
        """Draw the store's current data."""
        if self._complete:
            # At once: a control ignores changes during its layout.
            self._show_measure(axes_of(self.run, self.actions.choice)[2])
            self._list_strongest()
            self._draw()

    def table(self) -> pd.DataFrame:
        """Give the cells of the front face that are shown: a class, a layer, and their value."""
        if self.actions.faces is None:
            return pd.DataFrame({"layer": [], "class": [], "value": []})
        faces = self.actions.faces
        front, values = faces.front, faces.front.values
        layers, classes = (
            axis.labels[axis.first : axis.last : axis.step]
            for axis in (faces.layers, faces.classes)
        )
        columns: dict[str, Any] = {
            "layer": np.repeat(layers, len(classes)),
            "class": np.tile(classes, len(layers)),
            "anomalous_filters" if front.q_value is None else "rank_correlation": values.ravel(),
        }
        if front.p_value is not None and front.q_value is not None:
            columns |= {"p_value": front.p_value.ravel(), "q_value": front.q_value.ravel()}
        return pd.DataFrame(columns)

    def _recounted(self, *_: Any) -> None:
        self.update()

    def _redrawn(self, *_: Any) -> None:
        if self._complete:
            self._draw()

    def _picked(self, *_: Any) -> None:
        if self._complete:
            self.actions.bring_into_sight()
            faces = self.actions.faces
            if faces is not None and self._axes_of(self.actions.choice) == self._axes_sent:
                # The planes move at once; the slice follows when it has been counted.
                self.cube.param.update(**self._marks(faces))
                self._show_measure(faces.time)
            self._draw()

    def _turned(self, event: Any) -> None:
        self.cube.flat = event.new

    def _draw(self) -> None:
        """Count on a thread, then send faces and planes in one message."""
        run, chosen = self.run, self.actions.choice
        if self._drawn == (run.commit, chosen):
            return
        self._drawn = run.commit, chosen

        def count() -> tuple[Faces, dict[str, Any]]:
            faces = faces_of(run, chosen)
            return faces, packed_faces(faces)

        def show(found: tuple[Faces, dict[str, Any]]) -> None:
            faces, packed = found
            self.actions.faces = faces
            # Unchanged faces and axes are not sent again.
            values = dict(packed)
            axes = self._axes_of(chosen)
            if axes != self._axes_sent:
                self._axes_sent = axes
                values |= {"items": _items(run, faces, chosen), "view": _windows(faces)}
            values |= self._marks(faces)
            self.cube.param.update(
                **values, flat=self.state.cube_flat, description=_described(faces)
            )
            self._show_measure(faces.time)
            self._mark_row()

        self._faces.find(count, show)

    def _axes_of(self, choice: CubeChoice) -> tuple[Any, ...]:
        """Give the values that the axes depend on; `_axes_sent` holds those the browser has."""
        return (self.run.commit, *choice.shaping)

    def _marks(self, faces: Faces) -> dict[str, Any]:
        """Send the positions of the planes and the slices: a small message that shows at once."""
        picks = picks_of(self.run, self.actions.choice)
        return {
            "picks": planes_of((faces.classes, faces.layers), picks),
            "slices": self._slices(picks),
            "unfoldable": self._unfoldable(picks),
        }

    def _show_measure(self, time: Axis) -> None:
        """Offer the front face's measures; with a picked iteration there is only one."""
        columns = picks_of(self.run, self.actions.choice).inside(time)
        if columns:
            shown = _few([f"{int(self.run.iterations[column]):,}" for column in columns])
            label = f"together at {shown}"
            self.sliced_measure.param.update(options=[label], value=label)
        self.measure.visible, self.sliced_measure.visible = not columns, bool(columns)

    def _slices(self, picks: Picks) -> list[dict[str, str]]:
        names = layer_names(self.run)
        found = []
        if picks.columns:
            shown = [f"{int(self.run.iterations[column]):,}" for column in picks.columns]
            found.append({"axis": "time", "text": f"iteration {_few(shown)}"})
        if picks.classes:
            shown = [self.run.class_names[number] for number in picks.classes]
            found.append({"axis": "class", "text": _few([named_class(name) for name in shown])})
        if picks.layers:
            found.append({"axis": "layer", "text": _few([names[layer] for layer in picks.layers])})
        return found

    def _unfoldable(self, picks: Picks) -> list[dict[str, Any]]:
        """Name the unfolded item, and the picked item that can be unfolded."""
        found = []
        chosen = {
            "layer": [layer_names(self.run)[number] for number in picks.layers[-1:]],
            "class": [self.run.class_names[number] for number in picks.classes[-1:]],
        }
        for axis, names in chosen.items():
            opened = getattr(self.state, UNFOLDED[axis])
            found += [
                {"axis": axis, "name": name, "open": name == opened}
                for name in dict.fromkeys([*([opened] if opened else []), *names])
            ]
        return found

    def _list_strongest(self) -> None:
        run, chosen = self.run, self.actions.choice
        self._ranks.find(
            lambda: strongest(run, chosen.rule, chosen.anomaly_window, chosen.window),
            self._show_strongest,
        )

    def _show_strongest(self, triples: list[Triple]) -> None:
        self.triples = triples
        self.links.rows = [
            {
                "class_": triple.class_,
                "layer": triple.layer,
                "iteration": f"{triple.iteration:,}",
                "images": triple.images,
                "filters": triple.filters,
                "score": round(triple.score, 2),
                "filter": triple.filter,
                "filter_score": f"{triple.filter_score:,.1f}",
            }
            for triple in triples
        ]
        self._mark_row()

    def _mark_row(self) -> None:
        selection = self.selection
        picked = (selection.classes[-1:], selection.nodes[-1:], selection.iterations[-1:])
        self.links.picked = next(
            (
                place
                for place, t in enumerate(self.triples)
                if picked == ([t.class_], [t.layer], [t.iteration])
            ),
            -1,
        )

    def _chosen(self, event: Any) -> None:
        triple = self.triples[event.new["place"]]
        values: dict[str, Any] = {
            "iterations": [triple.iteration],
            "classes": [triple.class_],
            "nodes": [triple.layer],
        }
        with together(self.selection, self.state):
            if event.new["what"] == "filter":
                values["filters"] = [[triple.parameter, triple.filter]]
                self.state.cube_layer = triple.layer
            self.selection.param.update(**values)


def _items(run: Run, faces: Faces, choice: CubeChoice) -> dict[str, Any]:
    axes = {"class": faces.classes, "layer": faces.layers, "time": faces.time}
    items: dict[str, Any] = {
        name: {
            "labels": axis.labels,
            "parts": (axis.parts >= 0).astype(int).tolist(),
            "open": getattr(choice, UNFOLDED[name]) if name in UNFOLDED else "",
        }
        for name, axis in axes.items()
    }
    items["time"]["iterations"] = run.iterations.tolist()
    return items


def _windows(faces: Faces) -> dict[str, Any]:
    return {
        "class": faces.classes.described(),
        "layer": faces.layers.described(),
        "time": faces.time.described(),
    }


def _few(names: list[str]) -> str:
    return names[-1] if len(names) == 1 else f"{names[-1]} and {len(names) - 1} more"


def _described(faces: Faces) -> str:
    """Describe the faces in words, for screen readers."""
    classes, layers, time = faces.classes, faces.layers, faces.time
    sizes = (
        f"Cube of {classes.last - classes.first} classes, {layers.last - layers.first} layers and "
        f"{time.last - time.first} iterations, {time.labels[time.first]} to "
        f"{time.labels[time.last - 1]}."
    )
    titles = [f"{name.capitalize()} face: {title}." for name, title in faces.titles.items()]
    keys = (
        "Arrow keys move over cells, N goes to the next face, Enter slices, Escape clears, "
        "U unfolds, F folds flat, plus and minus zoom, Home shows all."
    )
    return " ".join([sizes, *titles, keys])

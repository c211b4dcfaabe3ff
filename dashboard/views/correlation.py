"""The correlation view: the cube, its faces laid flat, and its strongest cells."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import panel as pn

from dashboard.canvas.cube import Cube, face
from dashboard.canvas.rowchart import Row, RowChart
from dashboard.controls import (
    action,
    bar,
    beside,
    choice,
    number_field,
    rail,
    text,
    toggle_iteration,
)
from dashboard.cubedata import Faces, Triple, faces_of, layer_names, picks_of, strongest
from dashboard.run import Run
from dashboard.selection import Selection
from dashboard.theme import levels

__all__ = ["CorrelationView"]

LINE = 13


class CorrelationView:
    """Which classes, layers and iterations were anomalous together."""

    title = "Correlation"
    about = (
        "A cube of classes, layers and iterations. Its top shows how many images of a class were "
        "anomalous at an iteration, its side how many filters of a layer were, and its front how "
        "a class and a layer go together: the anomalous filters that the layer had at the class's "
        "anomalous iterations, or the rank correlation of their two series (cells whose corrected "
        "p-value is not significant are pale).\n\n"
        "Click a cell to pick what lies there; the cube is then sliced, and each face shows the "
        "slice. The list beside names the strongest triples."
    )

    def __init__(self, run: Run, selection: Selection) -> None:
        self.run = run
        self.selection = selection
        self.cube = Cube(sizing_mode="stretch_width")
        self.flat = RowChart(
            test_id="faces",
            scroll_height=560,
            description="Anomalous images of each class, and anomalous filters of each layer.",
            sizing_mode="stretch_width",
        )
        self.legend = text("", sizing_mode="stretch_width")
        self.list = rail()
        self.cube.param.watch(self._clicked, "event")
        self.flat.param.watch(self._acted, "event")
        selection.param.watch(
            self._redraw,
            [
                "rule",
                "anomaly_window",
                "window",
                "iterations",
                "classes",
                "nodes",
                "association",
            ],
        )
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the cube, the list of its strongest cells, and the flat faces."""
        if not self._complete:
            return text(
                "<div class='dt-empty'><b>The cube needs outcomes and layers.</b><br>Record "
                "outcomes beside the snapshots with <code>recorder.outcomes(…)</code>, and process "
                "the log again.</div>",
                sizing_mode="stretch_width",
            )
        param = self.selection.param
        controls = bar(
            choice(
                param.association,
                "Front face",
                {"co_occurrence": "anomalous together", "association": "rank correlation"},
                "The paper's count of anomalous filters at a class's anomalous iterations, or "
                "Spearman's correlation with corrected p-values",
                170,
            ),
            choice(
                param.rule,
                "Anomaly rule",
                {"left": "left", "right": "right", "full": "full"},
                "left: changes after k equal outcomes; right: before k equal ones; full: both",
            ),
            number_field(param.anomaly_window, "Window k", "Snapshots that must have been equal"),
        )
        return pn.Column(
            controls,
            beside(
                pn.Column(
                    self.legend,
                    self.cube,
                    text("<h3>The time faces, laid flat</h3>", margin=(8, 8, 0, 8)),
                    self.flat,
                    sizing_mode="stretch_width",
                ),
                self.list,
            ),
            sizing_mode="stretch_width",
        )

    @property
    def _complete(self) -> bool:
        return self.run.has_images and self.run.has("cube/anomalous_filters")

    def update(self) -> None:
        """Draw what the store holds now."""
        if not self._complete:
            return
        faces = faces_of(self.run, self.selection)
        first, last = self.run.columns(self.selection.window)
        iterations = [int(iteration) for iteration in self.run.iterations]
        class_, layer, column = picks_of(self.run, self.selection)
        self.cube.param.update(
            faces=_cube_faces(faces),
            classes=self.run.class_names,
            layers=layer_names(self.run),
            iterations=iterations,
            first=first,
            last=last,
            picks={"class_": class_, "layer": layer, "iteration": column},
            sliced=max(class_, layer, column) >= 0,
        )
        self.flat.draw(
            self._flat_rows(faces, first),
            iterations=iterations,
            first=first,
            last=last,
            picked=self.run.picked_columns(self.selection.iterations),
        )
        self._list_strongest()
        self.legend.object = _legend(faces)

    def table(self) -> pd.DataFrame:
        """Every cell of the front face: a class, a layer, and their value."""
        if not self._complete:
            return pd.DataFrame({"layer": [], "class": [], "value": []})
        faces = faces_of(self.run, self.selection)
        layers, classes = layer_names(self.run), self.run.class_names
        table = pd.DataFrame(
            {
                "layer": np.repeat(layers, len(classes)),
                "class": np.tile(classes, len(layers)),
                self.selection.association: faces.front.ravel(),
            }
        )
        if faces.insignificant is not None:
            table["significant"] = ~faces.insignificant.ravel()
        return table

    def _redraw(self, *_: Any) -> None:
        self.update()

    def _flat_rows(self, faces: Faces, first: int) -> list[Row]:
        rows = []
        for key, title, values, names, unit in (
            ("classes", "class by iteration", faces.top, self.run.class_names, "anomalous images"),
            (
                "layers",
                "layer by iteration",
                faces.side,
                layer_names(self.run),
                "anomalous filters",
            ),
        ):
            numbers = values.astype(np.float32)
            options = {
                "label": title,
                "detail": unit,
                "title": f"{title}: {unit}",
                "strong": True,
                "palette": "blues",
                "value_label": unit,
                "line_labels": names,
                "column0": first,
                "gap": 10,
            }
            scaled = levels(np.sqrt(numbers), 0, np.sqrt(max(1.0, _top(numbers))))
            height = min(300, max(60, LINE * len(names)))
            rows.append(Row(key, "image", height, (scaled, numbers), options))
        return rows

    def _clicked(self, event: Any) -> None:
        act = event.new
        values: dict[str, Any] = {}
        if "iteration" in act:
            values["iterations"] = [int(self.run.iterations[act["iteration"]])]
        if "class_" in act:
            values["classes"] = [self.run.class_names[act["class_"]]]
        if "layer" in act:
            values["nodes"] = [layer_names(self.run)[act["layer"]]]
        self.selection.param.update(**values)

    def _acted(self, event: Any) -> None:
        act = event.new
        if act["type"] == "reset":
            self.selection.window = None
        if act["type"] != "pick" or act["line"] < 0:
            return
        toggle_iteration(self.run, self.selection, act)
        if act["row"] == "classes":
            self.selection.classes = [self.run.class_names[act["line"]]]
        else:
            self.selection.nodes = [layer_names(self.run)[act["line"]]]

    def _pick(self, triple: Triple) -> None:
        self.selection.param.update(
            iterations=[triple.iteration], classes=[triple.class_], nodes=[triple.layer]
        )

    def _list_strongest(self) -> None:
        title = text("<h3>Anomalous together</h3>", width=244)
        buttons: list[Any] = []
        for triple in strongest(self.run, self.selection):
            button = action(
                f"{triple.iteration:,}   class {triple.class_}   {triple.layer}",
                partial(self._pick, triple),
                description=f"{triple.images} images, {triple.filters} filters",
                css_classes=["dt-finding"],
                width=244,
            )
            buttons.append(button)
        empty = text(
            "<div class='dt-empty'>No class and layer were anomalous at the same iteration.</div>",
            width=244,
        )
        self.list.objects = [title, *(buttons or [empty])]


def _top(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.abs(known).max()) if known.size else 1.0


def _cube_faces(faces: Faces) -> dict[str, dict[str, object]]:
    signed = faces.insignificant is not None
    high = max(1e-9, _top(faces.front))
    # Counts are drawn by their square root, so that one image shows beside a hundred.
    front = face(
        faces.front,
        "diverging" if signed else "blues",
        -high if signed else 0.0,
        high,
        "rank correlation" if signed else "anomalous filters",
        faces.insignificant,
    )
    top = face(np.sqrt(faces.top).T, "blues", 0.0, np.sqrt(max(1.0, _top(faces.top))), "images")
    side = face(np.sqrt(faces.side), "blues", 0.0, np.sqrt(max(1.0, _top(faces.side))), "filters")
    top["label"], side["label"] = "anomalous images", "anomalous filters"
    top["values"] = np.ascontiguousarray(faces.top.T, "<f4").tobytes()
    side["values"] = np.ascontiguousarray(faces.side, "<f4").tobytes()
    return {"top": top, "side": side, "front": front}


def _legend(faces: Faces) -> str:
    scales = {
        "Top": (faces.titles["top"], f"0 to {_top(faces.top):.0f}"),
        "Side": (faces.titles["side"], f"0 to {_top(faces.side):.0f}"),
        "Front": (
            faces.titles["front"],
            f"{-_top(faces.front):.2f} to {_top(faces.front):.2f}"
            if faces.insignificant is not None
            else f"0 to {_top(faces.front):.0f}",
        ),
    }
    lines = "".join(
        f"<div><b>{name}</b> {title} <span class='dt-small'>({scale}; white is none, dark is "
        f"most)</span></div>"
        for name, (title, scale) in scales.items()
    )
    return f"<div class='dt-legend'>{lines}</div>"

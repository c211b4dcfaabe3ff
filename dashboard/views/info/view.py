"""The info view: the run's facts, its layers and classes, and the findings with their places."""

import html
import json
from typing import Any

import numpy as np
import pandas as pd
import panel as pn

from deeptracker.dashboard.data.findings import findings_of
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.info.finding_list import FindingList
from deeptracker.dashboard.views.info.state import InfoState
from deeptracker.dashboard.widgets.controls import text
from deeptracker.dashboard.widgets.facts_table import Column, FactsTable

__all__ = ["InfoView"]

PARAMETERS = (
    Column("parameter"),
    Column("layer type"),
    Column("shape"),
    Column("filters", "number"),
    Column("weights", "number"),
    Column("share %", "number"),
)
CLASSES = (
    Column("class"),
    Column("images", "number"),
    Column("final error %", "number"),
    Column("lowest error %", "number"),
    Column("flips", "number"),
)


class InfoView:
    """Facts of the run; a finding links to its place and time, a parameter to its layer."""

    title = "Info"
    tip = "The run, its layers and classes, and its health findings"
    about = (
        "The run's description and hyperparameters, every parameter with its shape and size, every "
        "class with its images and errors, and the findings of the health rules. "
        "Click a title to sort; click a finding, a parameter or a class to open it."
    )

    states = (InfoState,)

    def __init__(self, run: Run, selection: Selection, state: InfoState) -> None:
        self.run = run
        self.selection = selection
        self.findings = FindingList(run, selection, state)
        self.facts = text(margin=0)
        self.parameters = FactsTable(
            clickable=True,
            test_id="parameters",
            description="Parameters; Enter opens the layer of the selected one",
            sizing_mode="stretch_width",
        )
        self.classes = FactsTable(
            clickable=True,
            test_id="classes",
            description="Classes; Enter opens the selected one",
            sizing_mode="stretch_width",
        )
        self.parameters.param.watch(self._parameter_chosen, "event")
        self.classes.param.watch(self._class_chosen, "event")
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the facts next to the lists."""
        lists = [self.findings.panel(), text("<h3>Parameters</h3>", margin=(14, 0, 0, 0))]
        lists.append(self.parameters)
        if self.run.class_names:
            lists += [text("<h3>Classes</h3>", margin=(14, 0, 0, 0)), self.classes]
        return pn.Row(
            pn.Column(self.facts, width=340, margin=(4, 24, 0, 0)),
            pn.Column(*lists, sizing_mode="stretch_width", margin=(4, 0, 0, 0)),
            sizing_mode="stretch_width",
        )

    def update(self) -> None:
        """Read the store's current data."""
        self.facts.object = self._described()
        rows = [(*row[:-1], _share(row[-1])) for row in self._parameter_rows()]
        kept = [i for i in range(len(PARAMETERS)) if i != 1 or any(row[1] for row in rows)]
        self.parameters.fill(
            [PARAMETERS[i] for i in kept], [[row[i] for i in kept] for row in rows]
        )
        if self.run.class_names:
            self.classes.fill(CLASSES, self._class_rows())
        self.findings.update()

    def table(self) -> pd.DataFrame:
        """Give the findings, the parameters and the classes, one below another."""
        found = [vars(finding) for finding in findings_of(self.run)]
        parts = {
            "finding": pd.DataFrame(found),
            "parameter": pd.DataFrame(
                self._parameter_rows(), columns=[column.title for column in PARAMETERS]
            ),
            "class": pd.DataFrame(
                self._class_rows() if self.run.class_names else [],
                columns=[column.title for column in CLASSES],
            ),
        }
        for name, part in parts.items():
            part.insert(0, "list", name)
        return pd.concat(list(parts.values()), ignore_index=True)

    def _described(self) -> str:
        attributes = self.run.attributes
        run = self.run
        span = f"{run.iterations[0]:,} to {run.iterations[-1]:,}" if len(run.iterations) else ""
        images = int(run.array("classes/size").sum()) if run.class_names else 0
        last = run.parameters["last_iteration"]
        pairs = [
            ("run", run.name),
            ("network", attributes.get("network")),
            ("framework", attributes.get("framework")),
            ("weights", f"{int(run.nodes['size'][0]):,}"),
            ("parameters", f"{int((last == last.max()).sum()):,}"),
            *([("network changes", run.network_changes)] if run.network_changes else []),
            ("gradients", "recorded" if run.has_gradients else "not recorded"),
            ("snapshots", f"{len(run.iterations):,}"),
            ("iterations", span),
            ("classes", f"{len(run.class_names):,}" if run.class_names else "none recorded"),
            ("validation images", f"{images:,}" if images else "none recorded"),
            ("training log", attributes.get("source")),
            ("store", run.location),
            ("processed", _moment(attributes.get("created"))),
            ("last commit", _moment(attributes.get("updated"))),
        ]
        described = [(name, _plain(value)) for name, value in run.hyperparameters.items()]
        return _table("Run", pairs) + (
            _table("Hyperparameters", described)
            if described
            else "<h3>Hyperparameters</h3><div class='dt-empty'>None were recorded: pass "
            "<code>hyperparameters=…</code> to the recorder.</div>"
        )

    def _parameter_rows(self) -> list[tuple[Any, ...]]:
        nodes = self.run.nodes
        whole = max(1, int(nodes["size"][0]))
        rows = []
        for i in self.run.depth_first:
            if nodes["kind"][i] != "parameter":
                continue
            shape, size = str(nodes["shape"][i]), int(nodes["size"][i])
            filters = int(shape.split("x", 1)[0]) if "x" in shape else None
            layer = str(nodes["type"][nodes["parent"][i]])
            share = 100 * size / whole
            dims = shape.replace("x", "\u00d7") or "scalar"
            rows.append((str(nodes["name"][i]), layer, dims, filters, size, share))
        return rows

    def _class_rows(self) -> list[tuple[Any, ...]]:
        sizes, error = self.run.array("classes/size"), self.run.array("classes/error")
        flips = self.run.array("classes/flips")
        rows = []
        for i, name in enumerate(self.run.class_names):
            known = error[i][np.isfinite(error[i])]
            last = round(100 * float(known[-1]), 2) if known.size else None
            least = round(100 * float(known.min()), 2) if known.size else None
            rows.append((name, int(sizes[i]), last, least, int(np.maximum(flips[i], 0).sum())))
        return rows

    def _parameter_chosen(self, event: Any) -> None:
        name = str(self.parameters.rows[event.new["row"]][0])
        self.selection.open("layers", nodes=[name])

    def _class_chosen(self, event: Any) -> None:
        name = str(self.classes.rows[event.new["row"]][0])
        self.selection.open("validation", classes=[name], class_search="", least_marks=0)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _share(percent: float) -> float | str:
    """Round a share so that a small positive share is not written as zero."""
    return round(percent, 2) if percent == 0 or percent >= 0.01 else "<0.01"


def _moment(value: Any) -> str:
    return str(value or "")[:16].replace("T", " ")


def _table(title: str, pairs: list[tuple[str, Any]]) -> str:
    # Paths break between their parts.
    rows = "".join(
        f"<tr><td>{html.escape(str(name))}</td>"
        f"<td>{html.escape(str(value)).replace('/', '/<wbr>')}</td></tr>"
        for name, value in pairs
        if value
    )
    return f"<h3>{title}</h3><table class='dt-table'>{rows}</table>"

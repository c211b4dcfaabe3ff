"""The info view: what the run is, its layers and classes, and the findings with their places."""

import html
import json
from functools import partial
from typing import Any

import pandas as pd
import panel as pn

from dashboard.controls import action, text
from dashboard.run import Run
from dashboard.selection import Selection

__all__ = ["InfoView"]

MOST_FINDINGS = 200
MOST_ROWS = 600


class InfoView:
    """Facts of the run; a finding leads to its place and time."""

    title = "Info"
    about = (
        "What the run is: the network, how it was trained, its layers and classes; and the health "
        "findings, each a rule that named something wrong, where and when. Click a finding to go "
        "there."
    )

    def __init__(self, run: Run, selection: Selection) -> None:
        self.run = run
        self.selection = selection
        self.findings = pn.Column(sizing_mode="stretch_width")
        self.facts = text(sizing_mode="stretch_width")
        self.layers = text(sizing_mode="stretch_width")
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the three columns."""
        return pn.FlexBox(
            pn.Column(self.facts, width=400),
            pn.Column(self.findings, width=460),
            pn.Column(self.layers, min_width=460),
            css_classes=["dt-info"],
        )

    def update(self) -> None:
        """Read what the store holds now."""
        self.facts.object = self._described()
        self.layers.object = self._listed_layers()
        self.findings.objects = self._listed_findings()

    def table(self) -> pd.DataFrame:
        """List the health findings."""
        names = ("rule", "severity", "node", "class_", "at_iteration", "value", "message")
        known = [name for name in names if self.run.has(f"health/{name}")]
        return pd.DataFrame({name: self.run.array(f"health/{name}") for name in known})

    def _described(self) -> str:
        attributes = self.run.attributes
        pairs = [
            ("run", self.run.name),
            ("network", attributes.get("network")),
            ("framework", attributes.get("framework")),
            ("training log", attributes.get("source")),
            ("store", self.run.location),
            ("processed", attributes.get("created")),
            ("last commit", attributes.get("updated")),
            ("recorded iterations", f"{len(self.run.iterations):,}"),
            ("weights", f"{int(self.run.nodes['size'][0]):,}"),
            ("gradients", "recorded" if self.run.has_gradients else "not recorded"),
        ]
        text = _table("Run", pairs)
        text += _table(
            "Hyperparameters",
            [(key, _plain(value)) for key, value in self.run.hyperparameters.items()],
        )
        if self.run.class_names:
            sizes = self.run.array("classes/size")
            error = self.run.array("classes/error")[:, -1]
            rows = [
                (name, f"{int(sizes[i]):,} images, final error {error[i]:.1%}")
                for i, name in enumerate(self.run.class_names[:MOST_ROWS])
            ]
            text += _table("Classes", rows)
        return text

    def _listed_layers(self) -> str:
        nodes = self.run.nodes
        rows = []
        for i, name in enumerate(nodes["name"][:MOST_ROWS]):
            if nodes["kind"][i] == "parameter":
                rows.append((str(name), f"{nodes['shape'][i]}", f"{int(nodes['size'][i]):,}"))
        cells = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{html.escape(shape)}</td>"
            f"<td class='dt-number'>{size}</td></tr>"
            for name, shape, size in rows
        )
        return (
            "<h3>Parameters</h3><table class='dt-table'><tr><th>name</th><th>shape</th>"
            f"<th class='dt-number'>weights</th></tr>{cells}</table>"
        )

    def _listed_findings(self) -> list[Any]:
        title = text("<h3>Health findings</h3>")
        if not self.run.has("health/rule") or not len(self.run.array("health/rule")):
            return [
                title,
                text("<div class='dt-empty'>No rule found anything wrong.</div>"),
            ]
        columns = {
            name: self.run.array(f"health/{name}")
            for name in ("rule", "severity", "node", "class_", "at_iteration", "message")
        }
        buttons: list[Any] = []
        for i in range(min(MOST_FINDINGS, len(columns["rule"]))):
            entry = {name: values[i] for name, values in columns.items()}
            button = action(
                f"{int(entry['at_iteration']):,}   {entry['message']}",
                partial(self._lead_to, entry),
                css_classes=["dt-finding", f"dt-{entry['severity']}"],
                description=str(entry["rule"]).replace("_", " "),
                sizing_mode="stretch_width",
            )
            buttons.append(button)
        return [title, *buttons]

    def _lead_to(self, entry: dict[str, Any]) -> None:
        node, class_ = str(entry["node"]), str(entry["class_"])
        self.selection.param.update(
            iterations=[int(entry["at_iteration"])],
            nodes=[node] if node else self.selection.nodes,
            classes=[class_] if class_ else self.selection.classes,
            view="layers" if node else "validation",
        )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _table(title: str, pairs: list[tuple[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(str(name))}</td><td>{html.escape(str(value))}</td></tr>"
        for name, value in pairs
        if value
    )
    return f"<h3>{title}</h3><table class='dt-table'>{rows}</table>"

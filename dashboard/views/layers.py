"""The layer view: the architecture as a tree of small multiples, down to single filters."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import panel as pn

from dashboard.canvas.rowchart import Row, RowChart
from dashboard.controls import action, bar, beside, check, choice, rail, text, toggle_iteration
from dashboard.run import Run
from dashboard.selection import Selection
from dashboard.views.filters import FILTER_MEASURES, filter_row, filters_in_order, top_filters
from dashboard.views.multiples import (
    ENCODINGS,
    STATISTICS,
    Scale,
    multiple,
    series_names,
    statistic_path,
)

__all__ = ["LayerView"]

UPPER_DEPTH = 1


class LayerView:
    """Network, stages, blocks, layers and parameters as rows; a layer unfolds into its filters."""

    title = "Layers"
    about = (
        "The network's architecture as a tree, with one small chart a node on the page's time "
        "axis: how the weights (or gradients) under that node were distributed at each snapshot."
        "\n\nClick a name to unfold it. A layer unfolds into its filters, one line each, coloured "
        "by how much they changed or how large they are. Filters that stand out at the picked "
        "iteration against their own history carry a red mark, and are listed beside the tree. "
        "From a filter, go on to its single weights."
    )

    def __init__(self, run: Run, selection: Selection) -> None:
        self.run = run
        self.selection = selection
        self.chart = RowChart(
            test_id="layers",
            scroll_height=680,
            description="Statistics of every node of the architecture over the iterations.",
            sizing_mode="stretch_width",
        )
        self.side = rail()
        self.chart.param.watch(self._acted, "event")
        redrawn = [
            "open_nodes",
            "quantity",
            "statistic",
            "encoding",
            "common_scale",
            "log_scale",
            "filter_measure",
            "filter_scale",
            "filter_order",
            "filters",
        ]
        selection.param.watch(self._redraw, redrawn)
        selection.param.watch(self._reframe, ["window", "iterations", "nodes"])
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the controls, the tree and the list of top filters."""
        param = self.selection.param
        quantities = {"weights": "weights"}
        if self.run.has_gradients:
            quantities["gradients"] = "gradients"
        controls = bar(
            choice(param.quantity, "Show", quantities, "Weights, or gradients where recorded", 110),
            choice(param.encoding, "As", ENCODINGS, "How each node's distribution is drawn", 200),
            _statistic(self.selection),
            check(
                param.common_scale,
                "one scale",
                "One vertical scale for all nodes, so that they compare; else each has its own",
                110,
            ),
            check(param.log_scale, "log", "Logarithmic vertical scales", 70),
            choice(
                param.filter_measure,
                "Filters by",
                FILTER_MEASURES,
                "What the pixels of an unfolded layer's filters show",
                200,
            ),
            choice(
                param.filter_scale,
                "Scaled over",
                {"all": "all filters", "row": "each filter", "column": "each iteration"},
                "Which filters share one colour scale",
                120,
            ),
            choice(
                param.filter_order,
                "Ordered by",
                {"index": "index", "size": "size", "similarity": "similarity"},
                "Order of the filters in an unfolded layer",
                110,
            ),
        )
        return pn.Column(
            controls,
            beside(self.chart, self.side),
            sizing_mode="stretch_width",
        )

    def update(self) -> None:
        """Draw what the store holds now."""
        iterations = [int(iteration) for iteration in self.run.iterations]
        self.chart.draw(self._rows(), iterations=iterations, **self._frame())
        self._list_filters()

    def table(self) -> pd.DataFrame:
        """Statistics of the nodes in sight at each iteration of the window."""
        first, last = self.run.columns(self.selection.window)
        shown = slice(first, last + 1)
        nodes, iterations = self._visible(), self.run.iterations[shown]
        names = [str(self.run.nodes["name"][node]) or "network" for node in nodes]
        table = pd.DataFrame(
            {
                "node": np.repeat(names, len(iterations)),
                "iteration": np.tile(iterations, len(names)),
            }
        )
        for name in dict.fromkeys((*series_names(self.selection), self.selection.statistic)):
            path = statistic_path(self.selection, name)
            if self.run.has(path):
                table[name] = self.run.array(path)[nodes][:, shown].ravel()
        return table

    def _redraw(self, *_: Any) -> None:
        self.update()

    def _frame(self) -> dict[str, Any]:
        first, last = self.run.columns(self.selection.window)
        return {
            "first": first,
            "last": last,
            "picked": self.run.picked_columns(self.selection.iterations),
            "selected": [f"node:{name}" for name in self.selection.nodes],
        }

    def _reframe(self, *events: Any) -> None:
        self.chart.param.update(**self._frame())
        if any(event.name == "iterations" for event in events):
            self.update()

    def _is_open(self, node: int) -> bool:
        opened = self.selection.open_nodes
        name = str(self.run.nodes["name"][node])
        if opened is None:
            return int(self.run.nodes["depth"][node]) < UPPER_DEPTH
        return name in opened

    def _visible(self) -> list[int]:
        """List the nodes that are shown, in the tree's order."""
        shown: list[int] = []
        waiting = [0]
        while waiting:
            node = waiting.pop()
            shown.append(node)
            if self._is_open(node):
                waiting += reversed(self.run.children[node])
        return shown

    def _rows(self) -> list[Row]:
        shown = self._visible()
        scale = Scale.of(self.run, self.selection, shown)
        rows = []
        for node in shown:
            kind = str(self.run.nodes["kind"][node])
            opened = self._is_open(node)
            filters = self.run.filtered_parameters(node) if kind == "parameter" else []
            foldable = bool(self.run.children[node] or filters)
            row = multiple(self.run, self.selection, node, scale)
            row.options["toggle"] = ("open" if opened else "closed") if foldable else ""
            rows.append(row)
            if opened:
                rows += [filter_row(self.run, self.selection, name) for name in filters]
        return rows

    def _acted(self, event: Any) -> None:
        act = event.new
        kind, _, name = str(act["row"]).partition(":")
        if act["type"] == "toggle" or (act["type"] == "label" and kind == "node"):
            if act["type"] == "label":
                self.selection.toggle("nodes", name, add=bool(act.get("shift")))
            self._unfold(name)
        elif act["type"] == "pick":
            toggle_iteration(self.run, self.selection, act)
            if kind == "filters":
                order = filters_in_order(self.run, self.selection, name)
                self.selection.filters = [[name, int(order[act["line"]])]]
            elif name not in self.selection.nodes:
                self.selection.nodes = [name]
        elif act["type"] == "reset":
            self.selection.window = None

    def _unfold(self, name: str) -> None:
        node = self.run.node(name)
        if node is None:
            return
        opened = {
            str(self.run.nodes["name"][place])
            for place in range(len(self.run.children))
            if self._is_open(place)
        }
        if self._is_open(node):
            opened.discard(name)
        else:
            opened.add(name)
            # A layer with one matrix of weights unfolds to its filters at once.
            weights = self.run.filtered_parameters(node)
            if self.run.nodes["kind"][node] == "layer" and len(weights) == 1:
                opened.add(weights[0])
        self.selection.open_nodes = sorted(opened)

    def _list_filters(self) -> None:
        picked = self.run.picked_columns(self.selection.iterations)
        if not picked:
            hint = (
                "<h3>Filters that stand out</h3><div class='dt-empty'>Pick an iteration to see the "
                "filters that changed most against their own history.</div>"
            )
            self.side.objects = [text(hint, width=244)]
            return
        iteration = int(self.run.iterations[picked[-1]])
        title = f"<h3>Filters that stand out at {iteration:,}</h3>"
        entries: list[Any] = [text(title, width=244)]
        for place, (name, index, score) in enumerate(top_filters(self.run, picked[-1]), start=1):
            shown = f"{place}. {name.removesuffix('.weight')} filter {index}, z {score:,.1f}"
            open_it = partial(self._open_filter, name, index)
            entries.append(action(shown, open_it, css_classes=["dt-finding"], width=244))
        if len(entries) == 1:
            entries.append(text("<div class='dt-empty'>No history yet.</div>", width=244))
        if self.selection.filters:
            entries.append(self._raster_button())
        self.side.objects = entries

    def _raster_button(self) -> pn.widgets.Button:
        name, index = self.selection.filters[-1]
        show = partial(open_raster, self.run, self.selection, name, index)
        shown = f"Weights of filter {index}"
        return action(shown, show, button_type="primary", width=244, margin=(8, 0))

    def _open_filter(self, name: str, index: int) -> None:
        ancestors = [name]
        while "." in ancestors[-1]:
            ancestors.append(ancestors[-1].rpartition(".")[0])
        known = {str(node) for node in self.run.nodes["name"]}
        before = self.selection.open_nodes
        opened = set(before) if before is not None else {""}
        opened |= {ancestor for ancestor in ancestors if ancestor in known}
        self.selection.param.update(
            filters=[[name, index]],
            nodes=[ancestors[1]] if len(ancestors) > 1 else self.selection.nodes,
            open_nodes=sorted(opened),
        )


def open_raster(run: Run, selection: Selection, parameter: str, index: int | None = None) -> None:
    """Go to the weight raster of a parameter, or of one of its filters."""
    reach = None
    node = run.node(parameter)
    if index is not None and node is not None:
        shape = [int(length) for length in str(run.nodes["shape"][node]).split("x")]
        size = int(np.prod(shape[1:]))
        first, last = run.columns(selection.window)
        reach = (float(first), float(last + 1), float(index * size), float((index + 1) * size))
    selection.param.update(raster=parameter, raster_range=reach, view="weights")


def _statistic(selection: Selection) -> pn.widgets.Select:
    return choice(
        selection.param.statistic,
        "Line",
        STATISTICS,
        "The statistic that lines and horizons show",
        170,
    )

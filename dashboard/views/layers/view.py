"""The layer view: the architecture as a tree of small multiples, down to single filters."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
import param

from deeptracker.dashboard.data.background import Latest
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.selection.state import together
from deeptracker.dashboard.views.filters.filter_list import (
    Tops,
    filter_groups,
    filter_marks,
    tops_of,
)
from deeptracker.dashboard.views.filters.filter_pixels import (
    filter_chart,
    filters_height,
    filters_in_order,
)
from deeptracker.dashboard.views.filters.state import FiltersState
from deeptracker.dashboard.views.layers.layer_controls import drawn_as, layer_controls
from deeptracker.dashboard.views.layers.outline import (
    Item,
    Outline,
    is_open,
    opened,
    outline_of,
    toggled,
)
from deeptracker.dashboard.views.layers.small_multiples import Drawing, height_of, multiple
from deeptracker.dashboard.views.layers.state import LayersState
from deeptracker.dashboard.widgets.controls import (
    action,
    rail,
    show_whole_run,
    text,
    toggle_iteration,
    with_rail,
)
from deeptracker.dashboard.widgets.link_list import LinkList
from deeptracker.dashboard.widgets.rows import Row
from deeptracker.dashboard.widgets.tree_chart import TreeChart

NOTHING_FOUND = (
    "<div class='dt-empty'>No layer has this name, type or shape. Change or clear <i>Find "
    "layers</i>.</div>"
)

__all__ = ["LayerView", "open_raster"]

# Rows are sent for this many heights of the view above and below the part in sight.
AHEAD = 1.0
VIEW_HEIGHT = 680


class LayerView:
    """Network, stages, blocks, layers and parameters as rows; a layer unfolds into its filters.

    Only rows in sight are drawn and sent. A pick redraws no row: it only moves lines and marks
    and updates the list of filters.
    """

    title = "Layers"
    tip = "Weights, gradients and changes of layers and filters over the iterations"
    about = (
        "The network's architecture as a tree, with one small chart per node on the page's "
        "time axis: the distribution of the node's weights (or gradients) at each snapshot, or one "
        "statistic of them."
        "\n\nClick a name to unfold it, or choose the level to which the tree is unfolded; the "
        "arrows at the end of a name enlarge its chart. A layer unfolds into its filters, one line "
        "each, coloured by their change or their size; if there are thousands, several "
        "share a line, which shows the greatest value."
        "\n\nPick iterations to list the filters that changed most there: hollow triangles mark "
        "them, filled ones those that are among the top at every picked iteration. A button opens "
        "the single weights of the picked filter."
    )

    states = (LayersState, FiltersState)

    def __init__(
        self, run: Run, selection: Selection, state: LayersState, filters: FiltersState
    ) -> None:
        self.run = run
        self.selection = selection
        self.state = state
        self.filters = filters
        self.chart = TreeChart(
            test_id="layers",
            iterations=[int(iteration) for iteration in run.iterations],
            scroll_height=VIEW_HEIGHT,
            fills=True,
            description=(
                "Statistics of every node of the architecture over the iterations. Arrow keys go "
                "from row to row, Enter unfolds, space picks, e enlarges."
            ),
            sizing_mode="stretch_width",
        )
        self.links = LinkList(test_id="top-filters", width=244)
        self.weights_button = action(
            "Weights of the picked filter",
            self._open_raster,
            button_type="primary",
            width=244,
            margin=(0, 0, 10, 0),
        )
        self.legend = text(margin=(0, 8, 4, 0))
        self.note = text(NOTHING_FOUND, margin=0, visible=False)
        self.outline = Outline(())
        self._sight = (0.0, float(VIEW_HEIGHT))
        self._drawn: dict[str, Row] = {}
        self._reads, self._ranks = Latest(run.location), Latest(run.location)
        self.chart.param.watch(self._on_event, "event")
        self.links.param.watch(self._link_chosen, "event")
        laid_out = ["open_nodes", "closed_nodes", "open_level", "layer_search", "enlarged"]
        drawn = ["statistic", "encoding", "common_scale", "log_scale", "horizon_bands"]
        of_filters = ["quantity", "filter_measure", "filter_scale", "filter_order"]
        state.param.watch(self._redraw, [*laid_out, *drawn])
        filters.param.watch(self._redraw, of_filters)
        filters.param.watch(self._mark_filters, ["filter_rank", "top_filters"])
        selection.param.watch(self._redraw, "window")
        selection.param.watch(self._mark_filters, ["iterations", "filters"])
        selection.param.watch(self._nodes_picked, "nodes")
        self.update()
        if selection.nodes:
            self._nodes_picked()

    def panel(self) -> pn.viewable.Viewable:
        """Give the controls, the tree and the list of top filters."""
        if not len(self.run.nodes["name"]):
            return text(
                "<div class='dt-empty'><b>No weights were recorded.</b><br>Record them with "
                "<code>recorder.snapshot(iteration, model)</code> and process the log again.</div>"
            )
        return pn.Column(
            *layer_controls(self.run, self.state, self.filters),
            self.legend,
            with_rail(
                pn.Column(self.note, self.chart, sizing_mode="stretch_width", margin=0),
                rail(self.weights_button, self.links),
            ),
            sizing_mode="stretch_width",
        )

    def update(self) -> None:
        """Draw the store's current data."""
        self._drawn.clear()
        self.outline = outline_of(
            self.run,
            self.state,
            partial(height_of, self.run, self.state),
            partial(filters_height, self.run),
        )
        self._drawing = Drawing.of(
            self.run, self.selection, self.state, self.filters, self.outline.nodes
        )
        self.legend.object = drawn_as(self._drawing, self.filters.quantity)
        found = bool(self.outline.items)
        self.note.visible, self.chart.visible, self.legend.visible = not found, found, found
        self._draw_sight()
        self._mark_filters()

    def _redraw(self, *_: Any) -> None:
        self.update()

    def table(self) -> pd.DataFrame:
        """Give the statistics of the nodes that the tree shows, at each iteration of the window."""
        return self._drawing.table(self.outline.nodes)

    def _draw_sight(self) -> None:
        """Read the rows in sight, and some above and below; send them when they have been read."""
        outline, drawing, filters, drawn = self.outline, self._drawing, self.filters, self._drawn
        top, bottom = self._sight
        ahead = AHEAD * VIEW_HEIGHT
        # After folding, the tree may be shorter than the scroll position.
        bottom = min(bottom, outline.height) + ahead
        top = max(0.0, min(top, outline.height - VIEW_HEIGHT) - ahead)
        items = outline.between(top, bottom)

        def read() -> list[Row]:
            return [_row(drawing, filters, drawn, item) for item in items]

        def show(rows: list[Row]) -> None:
            first, last = self.run.columns(self.selection.window)
            enlarged = self.state.enlarged
            self.chart.draw_between(
                rows,
                top,
                bottom,
                outline.height,
                iterations=[int(iteration) for iteration in self.run.iterations],
                first=first,
                last=last,
                enlarged=f"node:{enlarged}" if enlarged is not None else "",
            )

        self._reads.find(read, show)

    def _nodes_picked(self, *_: Any) -> None:
        """Show a node that was picked elsewhere: unfold the nodes above it, and scroll to it."""
        for name in self.selection.nodes[-1:]:
            if self.outline.find(f"node:{name}") is None and self.run.node(name) is not None:
                above = name.rpartition(".")[0]
                self.state.param.update(**opened(self.run, self.state, above))
                if self.outline.find(f"node:{name}") is None:
                    # The search excludes it.
                    self.state.layer_search = ""
            self._scroll_to(f"node:{name}")
        self._mark_filters()

    def _scroll_to(self, row: str) -> None:
        item = self.outline.find(row)
        if item is None:
            return
        if not self._sight[0] <= item.top <= self._sight[1]:
            self._sight = item.top, item.top + VIEW_HEIGHT
            self._draw_sight()
        self.chart.scroll_to(item.top, item.height)

    def _mark_filters(self, *_: Any) -> None:
        """Move the picked iterations' lines and the filters' marks, and list the filters."""
        run, selection, filters = self.run, self.selection, self.filters
        self.chart.param.update(
            picked=run.picked_columns(selection.iterations),
            selected=[f"node:{name}" for name in selection.nodes],
        )
        self.weights_button.visible = bool(selection.filters)

        def show(tops: Tops) -> None:
            self.chart.marks = filter_marks(run, selection, filters, self._shown_filters(), tops)
            self.links.list_groups(*filter_groups(run, selection, filters, tops))

        self._ranks.find(tops_of(run, selection, filters), show)

    def _shown_filters(self) -> list[str]:
        return [item.name for item in self.outline.items if item.is_filters]

    def _on_event(self, event: Any) -> None:
        act: Mapping[str, Any] = event.new
        kind, _, name = str(act.get("row", "")).partition(":")
        if act["type"] == "sight":
            self._sight = float(act["top"]), float(act["bottom"])
            self._draw_sight()
        elif act["type"] == "reset":
            show_whole_run(self.run, self.selection, act)
        elif act["type"] == "pick":
            self._pick(act, kind, name)
        elif kind == "node":
            self._act_on_node(act, name)

    def _act_on_node(self, act: Mapping[str, Any], name: str) -> None:
        node = self.run.node(name)
        if node is None:
            return
        kind = act["type"]
        is_picked = name in self.selection.nodes
        if kind == "enlarge":
            self.state.enlarged = None if self.state.enlarged == name else name
            return
        # A click on a name picks and unfolds the node; a second click undoes both.
        folds = kind == "toggle" or (
            kind == "label" and is_picked == is_open(self.run, self.state, node)
        )
        values = toggled(self.run, self.state, node) if folds else {}
        self.state.param.update(**values)
        if kind in ("label", "select"):
            self.selection.toggle("nodes", name, add=bool(act.get("shift")))

    def _pick(self, act: Mapping[str, Any], kind: str, name: str) -> None:
        values: dict[str, Any] = {}
        if kind == "filters" and act["line"] >= 0:
            picked = [name, self._filter_at(name, int(act["line"]), int(act["column"]))]
            others = [entry for entry in self.selection.filters if entry != picked]
            values["filters"] = [*others, picked] if act.get("shift") else [picked]
        elif kind == "node" and name not in self.selection.nodes:
            values["nodes"] = [name]
        with param.parameterized.batch_call_watchers(self.selection):
            self.selection.param.update(**values)
            toggle_iteration(self.run, self.selection, act)

    def _filter_at(self, parameter: str, line: int, column: int) -> int:
        """Give the filter under a pixel; if several share the line, the one whose value shows."""
        columns = self._drawing.columns
        chart = filter_chart(self.run, self.filters, parameter, columns)
        place = min(max(0, (column - columns.first) // columns.step), chart.strongest.shape[1] - 1)
        found = int(chart.strongest[line, place])
        order = filters_in_order(self.run, self.filters, parameter)
        return found if found >= 0 else int(order[line * chart.per_line])

    def _link_chosen(self, event: Any) -> None:
        parameter, index = event.new["key"]
        picked = [str(parameter), int(index)]
        others = [entry for entry in self.selection.filters if entry != picked]
        filters = [*others, picked] if event.new.get("shift") else [picked]
        with together(self.selection, self.state):
            self.state.param.update(**opened(self.run, self.state, str(parameter)))
            self.selection.filters = filters
        self._scroll_to(f"filters:{parameter}")

    def _open_raster(self) -> None:
        if self.selection.filters:
            open_raster(self.run, self.selection, *self.selection.filters[-1])


def open_raster(run: Run, selection: Selection, parameter: str, index: int | None = None) -> None:
    """Go to the weight raster of a parameter, or of one of its filters."""
    raster_range = None
    node = run.node(parameter)
    if index is not None and node is not None:
        shape = [int(length) for length in str(run.nodes["shape"][node]).split("x")]
        size = int(np.prod(shape[1:]))
        columns = PixelColumns.of(run, selection.window)
        raster_range = (
            float(columns.first),
            float(columns.last + 1),
            float(index * size),
            float((index + 1) * size),
        )
    selection.open("weights", raster=parameter, raster_range=raster_range)


def _row(drawing: Drawing, filters: FiltersState, drawn: dict[str, Row], item: Item) -> Row:
    """Draw a row of the tree; cached."""
    row = drawn.get(item.id)
    if row is None:
        if item.is_filters:
            chart = filter_chart(drawing.run, filters, item.name, drawing.columns)
            row = chart.row(filters.filter_scale, item.height, drawing.columns)
        else:
            row = multiple(drawing, item.node)
        row.options.update(top=item.top, toggle=item.toggle)
        drawn[item.id] = row
    return row

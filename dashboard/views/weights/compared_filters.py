"""The picked filters' weights below the raster, as rasters one above the other."""

from functools import partial
from typing import Any

import numpy as np
import panel as pn

from deeptracker.dashboard.data.background import Latest
from deeptracker.dashboard.data.gradients import shows_gradients
from deeptracker.dashboard.data.pixel_columns import PixelColumns
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_raster import RasterQuantity, parameter_limits
from deeptracker.dashboard.data.weight_window import shape_of
from deeptracker.dashboard.look.theme import RAIL_WIDTH
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.filters.filter_rasters import MOST_FILTERS, filter_rasters
from deeptracker.dashboard.views.filters.state import FiltersState
from deeptracker.dashboard.views.weights.state import WeightsState
from deeptracker.dashboard.widgets.controls import show_whole_run, text, with_rail
from deeptracker.dashboard.widgets.rows import Row
from deeptracker.dashboard.widgets.tree_chart import TreeChart

__all__ = ["ComparedFilters"]


class ComparedFilters:
    """One raster per picked filter, on the same iterations; its label links to the filter alone."""

    def __init__(
        self, run: Run, selection: Selection, state: WeightsState, filters: FiltersState
    ) -> None:
        self.run = run
        self.selection = selection
        self.state = state
        self.filters = filters
        self.chart = TreeChart(
            test_id="filter-rasters",
            iterations=[int(iteration) for iteration in run.iterations],
            visible=False,
            scroll_height=4000,
            description="Weights of the picked filters over the iterations, one above the other.",
            sizing_mode="stretch_width",
        )
        self.chart.param.watch(self._on_event, "event")
        self.note = text(margin=(10, 8, 4, 0))
        self._comparisons = Latest(run.location)
        selection.param.watch(lambda _: self.update(), "filters")

    def panel(self) -> tuple[pn.viewable.Viewable, ...]:
        """Give the line of text about them, and their chart."""
        # As wide as the rail above, so that an iteration is one vertical line in both charts.
        space = pn.Spacer(width=RAIL_WIDTH, height=1, css_classes=["dt-rail"])
        return self.note, with_rail(self.chart, space)

    def update(self) -> None:
        """Draw the picked filters again."""
        run, selection, state = self.run, self.selection, self.state
        filters = [(str(name), int(index)) for name, index in selection.filters]
        columns = PixelColumns.of(run, selection.window)
        gradient = shows_gradients(run, self.filters.quantity)
        # On the scale of the raster above, if all rasters share one scale.
        above = RasterQuantity(state.raster, state.raster_statistic, gradient)
        is_shared = state.raster_scale == "shared"

        def draw() -> list[Row]:
            return filter_rasters(
                run,
                filters,
                columns,
                statistic=above.statistic,
                gradient=gradient,
                limits=parameter_limits(run, above) if filters and is_shared else None,
            )

        self._comparisons.find(draw, partial(self._show, columns))

    def _show(self, columns: PixelColumns, rows: list[Row]) -> None:
        hint = (
            "Pick filters in the layer view (shift adds one), or click a weight above, to compare "
            "their weights here."
        )
        more = len(self.selection.filters) - MOST_FILTERS
        limit = f" The first {MOST_FILTERS} are shown." if more > 0 else ""
        self.note.object = (
            f"<h3>Picked filters</h3><span class='dt-hint'>One line per weight, on the same "
            f"iterations.{limit}</span>"
            if rows
            else f"<span class='dt-hint'>{hint}</span>"
        )
        self.chart.visible = bool(rows)
        total = rows[-1].options["top"] + rows[-1].height + 8 if rows else 0.0
        self.chart.draw_between(
            rows,
            0.0,
            total,
            total,
            iterations=[int(iteration) for iteration in self.run.iterations],
            first=columns.first,
            last=columns.last,
        )

    def _on_event(self, event: Any) -> None:
        act = event.new
        if act["type"] == "reset":
            show_whole_run(self.run, self.selection, act)
        elif act["type"] == "pick":
            iteration = int(self.run.iterations[act["column"]])
            self.selection.toggle("iterations", iteration, add=bool(act.get("shift")))
        elif act["type"] == "label" and act["row"].startswith("raster:"):
            parameter, index = act["row"].removeprefix("raster:").rsplit(":", 1)
            size = int(np.prod(shape_of(self.run, parameter)[1:]))
            first, last = self.run.columns(self.selection.window)
            raster_range = (
                float(first),
                float(last + 1),
                float(int(index) * size),
                float((int(index) + 1) * size),
            )
            self.state.param.update(raster=parameter, raster_range=raster_range)

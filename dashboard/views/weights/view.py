"""The weight view: a parameter's weights over the iterations as a raster, at any zoom."""

import html
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
from bokeh.events import RangesUpdate, Reset, Tap

from deeptracker.dashboard.data.background import Latest
from deeptracker.dashboard.data.column_spacing import Spacing
from deeptracker.dashboard.data.gradients import shows_gradients
from deeptracker.dashboard.data.run import Run
from deeptracker.dashboard.data.weight_raster import (
    Pixels,
    RasterQuantity,
    colour_limits,
    parameter_limits,
    pixels_of,
)
from deeptracker.dashboard.data.weight_window import position, read_window, shape_of
from deeptracker.dashboard.selection.selection import Selection
from deeptracker.dashboard.views.filters.state import FiltersState
from deeptracker.dashboard.views.weights.compared_filters import ComparedFilters
from deeptracker.dashboard.views.weights.raster_plot import HEIGHT, RasterPlot
from deeptracker.dashboard.views.weights.state import WeightsState
from deeptracker.dashboard.widgets.controls import action, bar, choice, rail, text, with_rail
from deeptracker.wording import counted

__all__ = ["WeightView"]

WIDTH = 1400
Reach = tuple[float, float, float, float]


class WeightView:
    """One row per weight, one column per iteration; zoom in until single weights show."""

    title = "Weights"
    tip = "Single weights over the iterations, at any zoom"
    about = (
        "Every weight of one parameter at every snapshot: a row is a weight (or the weights that "
        "share a row of pixels, summarised by mean, minimum, maximum or range), a column an "
        "iteration, evenly wide or, with the timeline's true axis, as far apart as they were "
        "recorded. Filters are contiguous blocks of rows. Colours are symmetric "
        "about zero and cover all but the most extreme values: an end of the colour bar shows ≤ "
        "or ≥ if values in sight lie beyond it."
        "\n\nThe wheel zooms and a drag moves; at a high zoom, single weights are read from the "
        "training log. Point at one to read its filter, channel, kernel position and value."
        "\n\nPicked filters are drawn below, one above the other, one line per weight."
    )

    states = (WeightsState, FiltersState)

    def __init__(
        self, run: Run, selection: Selection, state: WeightsState, filters: FiltersState
    ) -> None:
        self.run = run
        self.selection = selection
        self.state = state
        self.filters = filters
        self.names = run.parameter_names
        if state.raster not in self.names:
            state.raster = self._first_choice()
        self.plot = RasterPlot([int(iteration) for iteration in run.iterations])
        self.plot.figure.on_event(RangesUpdate, self._moved)
        self.plot.figure.on_event(Reset, self._show_all)
        self.plot.figure.on_event(Tap, self._tapped)
        # The figure joins the page with its first pixels: a figure ignores changes during its
        # layout.
        waiting = text("<div class='dt-hint'>Reading the weights…</div>", height=HEIGHT)
        self.stage = pn.Column(waiting, sizing_mode="stretch_width", margin=0)
        self.compared = ComparedFilters(run, selection, state, filters)
        self.facts, self.clicked = text(width=232), text(width=232)
        self.pick_button = action("Pick this filter", self._pick_filter, width=244, visible=False)
        self._own_range: Reach | None = None
        self._clicked_filter: int | None = None
        self._limits = (-1.0, 1.0)
        self._high = HEIGHT
        self.plot.figure.on_change("inner_height", self._resized)
        self._is_staged = False
        self._reads = Latest(run.location)
        state.param.watch(self._redraw, ["raster", "raster_statistic", "raster_scale"])
        filters.param.watch(self._redraw, "quantity")
        selection.param.watch(self._redraw, ["window", "spacing"])
        selection.param.watch(self._recolour, "dark")
        selection.param.watch(self._repick, "iterations")
        state.param.watch(self._moved_by_link, "raster_range")
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the controls, the raster and its texts."""
        if not self.names:
            return text(
                "<div class='dt-empty'><b>No weights were recorded.</b><br>Record them with "
                "<code>recorder.snapshot(iteration, model)</code> and process the log again.</div>"
            )
        facts = rail(
            self.facts,
            self.clicked,
            self.pick_button,
            action("Show the whole parameter", self._show_all, width=244),
        )
        return pn.Column(
            self._controls(),
            with_rail(self.stage, facts),
            *self.compared.panel(),
            sizing_mode="stretch_width",
        )

    def _controls(self) -> pn.viewable.Viewable:
        param = self.state.param
        quantities, tip = {"weights": "weights"}, "Weights; no gradients were recorded"
        if self.run.has_gradients:
            quantities["gradients"] = "gradients"
            tip = "Weights, or the recorded gradients"
        statistics = {"mean": "mean", "min": "minimum", "max": "maximum", "range": "range"}
        return bar(
            choice(
                param.raster,
                "Parameter",
                {name: name for name in self.names},
                "Parameter whose weights are shown",
                260,
            ),
            choice(
                param.raster_statistic,
                "Under a pixel",
                statistics,
                "Statistic of the weights that share a pixel",
                120,
            ),
            choice(self.filters.param.quantity, "Show", quantities, tip, 110),
            choice(
                param.raster_scale,
                "Colours",
                {"shared": "one scale for all", "own": "what is in sight"},
                "One colour scale for the whole parameter and for all filters compared below, or "
                "one for what is in sight and one for each filter. If values lie beyond an end "
                "of the scale, that end shows ≤ or ≥",
                160,
            ),
        )

    def update(self) -> None:
        """Draw the store's current data."""
        parameter = self.state.raster
        if not parameter:
            return
        whole = self._whole
        reach = self.state.raster_range or self._window_range(whole)
        self.plot.space(Spacing.of(self.run.iterations, self.selection.spacing))
        self.plot.bound(whole[:2], whole[2:])
        self.plot.show_range(reach[:2], reach[2:])
        self._draw(reach)
        self._repick()
        self.compared.update()

    def table(self) -> pd.DataFrame:
        """Give the values of the rows and iterations in sight, one line each."""
        reach = self.state.raster_range or self._window_range(self._whole)
        window = read_window(
            self.run,
            self.state.raster,
            reach[2:],
            reach[:2],
            height=HEIGHT,
            width=WIDTH,
            statistic=self.state.raster_statistic,
            gradient=self.subject.gradient,
        )
        rows = window.first_weight + window.weights_per_row * np.arange(len(window.values))
        iterations = self.run.iterations[window.columns]
        return pd.DataFrame(
            {
                "first_weight": np.repeat(rows, len(iterations)),
                "weights": window.weights_per_row,
                "iteration": np.tile(iterations, len(rows)),
                self.state.raster_statistic: window.values.ravel(),
            }
        )

    @property
    def subject(self) -> RasterQuantity:
        """The parameter, statistic and quantity of the raster."""
        gradient = shows_gradients(self.run, self.filters.quantity)
        return RasterQuantity(self.state.raster, self.state.raster_statistic, gradient)

    @property
    def _shape(self) -> tuple[int, ...]:
        return shape_of(self.run, self.state.raster)

    @property
    def _whole(self) -> Reach:
        return 0.0, float(len(self.run.iterations)), 0.0, float(np.prod(self._shape))

    def _first_choice(self) -> str:
        picked = [str(name) for name, _ in self.selection.filters]
        for node in self.selection.nodes:
            place = self.run.node(node)
            picked += self.run.filtered_parameters(place) if place is not None else []
        filtered = self.run.filtered_parameters(0) if self.names else []
        return next((name for name in [*picked, *filtered, *self.names] if name in self.names), "")

    def _window_range(self, whole: Reach) -> Reach:
        first, last = self.run.columns(self.selection.window)
        return float(first), float(last + 1), whole[2], whole[3]

    def _draw(self, reach: Reach) -> None:
        """Read the part in sight on a thread, then show it."""
        run, subject = self.run, self.subject
        spacing = self.plot.spacing
        shared = self.state.raster_scale == "shared"
        high = self._high

        def work() -> tuple[Pixels, tuple[float, float]]:
            pixels = pixels_of(
                run,
                subject,
                reach[:2],
                reach[2:],
                width=WIDTH,
                height=high,
                spacing=spacing,
            )
            if shared:
                return pixels, parameter_limits(run, subject)
            return pixels, colour_limits(pixels.values.to_numpy(), signed=subject.is_signed)

        def show(found: tuple[Pixels, tuple[float, float]]) -> None:
            pixels, limits = found
            self._limits = limits
            self.plot.show(subject, self._shape, pixels)
            self.plot.colour(subject, limits, dark=self.selection.dark)
            if not self._is_staged:
                self._is_staged = True
                self.stage[:] = [pn.pane.Bokeh(self.plot.figure, sizing_mode="stretch_width")]
            self._describe(pixels)

        self._reads.find(work, show)

    def _describe(self, pixels: Pixels) -> None:
        window = pixels.window
        count = len(window.columns)
        shape = (
            " \N{MULTIPLICATION SIGN} ".join(f"{length:,}" for length in self._shape) or "scalar"
        )
        first = window.first_weight
        last = min(first + window.weights_per_row * len(window.values), window.size)
        note = f"<div class='dt-warning'>{html.escape(window.note)}</div>" if window.note else ""
        self.facts.object = (
            f"<h3>Raster</h3><div data-testid='raster-state' data-level='{window.level}' "
            f"data-first='{first}' data-last='{last}' data-exact='{int(pixels.is_exact)}' "
            f"data-lines='{pixels.values.sizes['weight']}'>"
            f"<b>{window.described}</b>; weights {first:,} to {last - 1:,} of {window.size:,} "
            f"(shape {shape}), {counted(count, 'iteration')}.</div>{note}"
            "<div class='dt-hint'>Wheel zooms, drag pans; over an axis, that axis alone. Point at "
            "a weight to read it, click to keep it.</div>"
        )

    def _moved(self, event: Any) -> None:
        x0, x1 = sorted(self.plot.columns_at(float(event.x0), float(event.x1)))
        y0, y1 = sorted((float(event.y0), float(event.y1)))
        reach = round(x0, 2), round(x1, 2), round(y0, 2), round(y1, 2)
        at_whole = all(abs(a - b) < 0.5 for a, b in zip(reach, self._whole, strict=True))
        self._own_range = None if at_whole else reach
        self._draw(reach)
        self.state.raster_range = self._own_range

    def _resized(self, _name: str, _old: Any, new: Any) -> None:
        """Read at a finer resolution if the full screen has more lines."""
        high = max(HEIGHT, int(new or 0))
        if high != self._high:
            self._high = high
            self.update()

    def _moved_by_link(self, event: Any) -> None:
        if event.new != self._own_range:
            self._own_range = event.new
            self.update()

    def _show_all(self, *_: Any) -> None:
        self._own_range = None
        self.state.raster_range = None
        self.update()

    def _redraw(self, *events: Any) -> None:
        if any(event.name == "raster" for event in events):
            if self.state.raster not in self.names:
                self.state.raster = self._first_choice()
                return
            self.clicked.object, self.pick_button.visible = "", False
            reach = self.state.raster_range
            if reach is not None and reach[3] > float(np.prod(self._shape)):
                self._own_range = None
                self.state.raster_range = None
        self.update()

    def _recolour(self, *_: Any) -> None:
        self.plot.colour(self.subject, self._limits, dark=self.selection.dark)
        self._repick()

    def _repick(self, *_: Any) -> None:
        picked = self.run.picked_columns(self.selection.iterations)
        self.plot.pick(picked, dark=self.selection.dark)
        self.compared.chart.picked = picked

    def _tapped(self, event: Any) -> None:
        if event.x is None or event.y is None:
            return
        (place,) = self.plot.columns_at(float(event.x))
        column = min(int(place), len(self.run.iterations) - 1)
        weight = min(max(0, int(event.y)), int(np.prod(self._shape)) - 1)
        window = read_window(
            self.run,
            self.state.raster,
            (weight, weight + 1),
            (column, column + 1),
            height=HEIGHT,
            width=WIDTH,
            gradient=self.subject.gradient,
        )
        iteration = int(self.run.iterations[column])
        self.clicked.object = (
            f"<div data-testid='clicked-weight'>{position(self._shape, weight)}, iteration "
            f"{iteration:,}: <b>{float(window.values[0, 0]):.6g}</b></div>"
        )
        if len(self._shape) > 1:
            self._clicked_filter = weight // int(np.prod(self._shape[1:]))
            self.pick_button.name = f"Compare filter {self._clicked_filter} below"
            self.pick_button.visible = True

    def _pick_filter(self) -> None:
        picked = [self.state.raster, self._clicked_filter]
        if picked not in self.selection.filters:
            self.selection.filters = [*self.selection.filters, picked]

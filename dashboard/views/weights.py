"""The weight view: a parameter's weights over the iterations as a raster, at any zoom."""

from typing import Any

import datashader as ds
import holoviews as hv
import numpy as np
import pandas as pd
import panel as pn
import xarray as xr
from bokeh.models import AdaptiveTicker, CustomJSHover, CustomJSTickFormatter, HoverTool
from holoviews.streams import RangeXY, Tap

from dashboard.controls import action, bar, beside, choice, rail, text
from dashboard.run import Run
from dashboard.selection import Selection
from dashboard.theme import DARK, LEFT_MARGIN, LIGHT, PALETTES, PALETTES_DARK, RIGHT_MARGIN
from dashboard.weightwindow import WeightWindow, read, shape_of

__all__ = ["WeightView"]

hv.extension("bokeh")

WIDTH, HEIGHT = 1400, 520
# One layer has weights far out: colours end where all but so many lie.
COLOUR_QUANTILE = 0.995


class WeightView:
    """One row a weight, one column an iteration; zoom in until single weights show."""

    title = "Weights"
    about = (
        "Every weight of one parameter at every snapshot: a row is a weight (or the weights that "
        "share a row of pixels, summarised by mean, minimum, maximum or range), a column an "
        "iteration. Filters are contiguous blocks of rows.\n\n"
        "The wheel zooms and a drag moves; far enough in, single weights are read from the "
        "training log. Click one to read its filter, channel, kernel position and value."
    )

    def __init__(self, run: Run, selection: Selection) -> None:
        self.run = run
        self.selection = selection
        self.names = [
            str(name)
            for name, kind in zip(run.nodes["name"], run.nodes["kind"], strict=True)
            if kind == "parameter"
        ]
        if selection.raster not in self.names:
            selection.raster = self._first_choice()
        self.state = text(width=244)
        self.told = text(width=244)
        self.place = pn.Column(sizing_mode="stretch_width")
        self._limits: tuple[float, float] = (-1.0, 1.0)
        selection.param.watch(
            self._redraw, ["raster", "raster_statistic", "quantity", "window", "iterations", "dark"]
        )
        selection.param.watch(self._moved_by_link, "raster_range")
        self._own_range: tuple[float, ...] | None = None
        self.update()

    def panel(self) -> pn.viewable.Viewable:
        """Give the controls, the raster and what it says."""
        param = self.selection.param
        controls = bar(
            choice(
                param.raster,
                "Parameter",
                {n: n for n in self.names},
                "Whose weights are shown",
                260,
            ),
            choice(
                param.raster_statistic,
                "Under a pixel",
                {"mean": "mean", "min": "minimum", "max": "maximum", "range": "range"},
                "How weights that share a pixel are summarised",
                120,
            ),
            choice(
                param.quantity,
                "Show",
                {"weights": "weights"}
                | ({"gradients": "gradients"} if self.run.has_gradients else {}),
                "Weights, or gradients where recorded",
                110,
            ),
        )
        facts = rail(self.state, self.told, self._whole_button())
        return pn.Column(controls, beside(self.place, facts), sizing_mode="stretch_width")

    def update(self) -> None:
        """Draw the raster anew."""
        parameter = self.selection.raster
        if not parameter:
            self.place.objects = [text("<div class='dt-empty'>No parameters.</div>")]
            return
        size = int(np.prod(shape_of(self.run, parameter)))
        whole = (0.0, float(len(self.run.iterations)), 0.0, float(size))
        reach = self.selection.raster_range or self._window_range(whole)
        self._whole = whole
        self._limits = self._colour_limits(self._read(whole[2:], whole[:2]).values)
        # The stream starts where the link says; what it reports later comes from the person.
        stream = RangeXY(x_range=(reach[0], reach[1]), y_range=(reach[2], reach[3]))
        stream.add_subscriber(self._moved)
        image = hv.DynamicMap(self._image, streams=[stream])
        tap = Tap(source=image)
        tap.add_subscriber(self._tapped)
        overlay = image * self._picks(whole)
        figure = overlay.opts(
            hv.opts.Image(
                cmap=list(self._palettes["diverging" if self._signed else "blues"]),
                colorbar=True,
                colorbar_position="bottom",
                clabel=f"{self.selection.quantity.removesuffix('s')} value",
                colorbar_opts={
                    "title_text_font_style": "normal",
                    "height": 10,
                    "padding": 4,
                    "background_fill_alpha": 0,
                    "bar_line_color": self._inks["line"],
                    "major_label_text_color": self._inks["faint"],
                    "title_text_color": self._inks["faint"],
                },
                toolbar="above",
                fontsize={"labels": 11, "ticks": 10, "title": 11},
                tools=[self._hover(), "wheel_zoom", "pan", "box_zoom", "reset", "tap"],
                default_tools=[],
                active_tools=["wheel_zoom", "pan"],
                responsive=True,
                height=HEIGHT,
                xlim=(reach[0], reach[1]),
                ylim=(reach[2], reach[3]),
                invert_yaxis=True,
                xlabel="iteration",
                ylabel="weight",
                framewise=False,
            ),
            # At the overlay, whose hooks run last: HoloViews sets its own borders before.
            hv.opts.Overlay(hooks=[self._finish]),
        )
        self.place.objects = [pn.pane.HoloViews(figure, sizing_mode="stretch_width", margin=0)]

    def table(self) -> pd.DataFrame:
        """Values of the rows and iterations in sight, one line each."""
        reach = self.selection.raster_range or self._window_range(self._whole)
        window = self._read((reach[2], reach[3]), (reach[0], reach[1]))
        rows = window.first_weight + window.weights_per_row * np.arange(len(window.values))
        columns = np.clip(np.asarray(window.columns), 0, len(self.run.iterations) - 1)
        iterations = self.run.iterations[columns.astype(np.int64)]
        return pd.DataFrame(
            {
                "first_weight": np.repeat(rows, len(iterations)),
                "weights": window.weights_per_row,
                "iteration": np.tile(iterations, len(rows)),
                self.selection.raster_statistic: window.values.ravel(),
            }
        )

    @property
    def _inks(self) -> dict[str, str]:
        return DARK if self.selection.dark else LIGHT

    @property
    def _palettes(self) -> dict[str, tuple[str, ...]]:
        return PALETTES_DARK if self.selection.dark else PALETTES

    @property
    def _signed(self) -> bool:
        return self.selection.raster_statistic != "range"

    def _first_choice(self) -> str:
        picked = [name for name, _ in self.selection.filters]
        for node in self.selection.nodes:
            place = self.run.node(node)
            picked += self.run.filtered_parameters(place) if place is not None else []
        filtered = [
            name for name in self.names if self.run.filtered_parameters(self.run.node(name) or 0)
        ]
        candidates = [*picked, *filtered, *self.names]
        return next((name for name in candidates if name in self.names), "")

    def _window_range(self, whole: tuple[float, ...]) -> tuple[float, ...]:
        first, last = self.run.columns(self.selection.window)
        return float(first), float(last + 1), whole[2], whole[3]

    def _image(
        self,
        x_range: tuple[float, float] | None = None,
        y_range: tuple[float, float] | None = None,
    ) -> hv.Image:
        x0, x1 = sorted(x_range or self._whole[:2])
        y0, y1 = sorted(y_range or self._whole[2:])
        window = self._read((y0, y1), (x0, x1))
        pixels = rasterize_window(window, (x0, x1), (y0, y1), WIDTH, HEIGHT)
        low, high = self._limits
        self._describe(window)
        label = f"{self.selection.raster}, {self.selection.quantity}"
        return hv.Image(
            pixels, kdims=["column", "weight"], vdims=["value"], label=label
        ).redim.range(value=(low, high))

    def _read(self, weights: tuple[float, float], columns: tuple[float, float]) -> WeightWindow:
        return read(
            self.run,
            self.selection.raster,
            weights,
            columns,
            height=HEIGHT,
            width=WIDTH,
            statistic=self.selection.raster_statistic,
            gradient=self.selection.quantity == "gradients" and self.run.has_gradients,
        )

    def _colour_limits(self, values: np.ndarray) -> tuple[float, float]:
        known = np.abs(values[np.isfinite(values)])
        top = float(np.quantile(known, COLOUR_QUANTILE)) if known.size else 1.0
        top = top or 1.0
        return (-top, top) if self._signed else (0.0, top)

    def _describe(self, window: WeightWindow) -> None:
        shape = " x ".join(str(length) for length in shape_of(self.run, self.selection.raster))
        first = window.first_weight
        last = min(first + window.weights_per_row * len(window.values), window.size)
        note = f"<div class='dt-warning'>{window.note}</div>" if window.note else ""
        self.state.object = (
            f"<h3>Raster</h3><div data-testid='raster-state' data-level='{window.level}' "
            f"data-first='{first}' data-last='{last}'><b>{window.described}</b>; weights "
            f"{first:,} to {last - 1:,} of {window.size:,} (shape {shape}), "
            f"{len(window.columns):,} iterations.</div>{note}"
            "<div class='dt-hint'>Wheel zooms, drag pans; over an axis, that axis alone. Click a "
            "weight to read it.</div>"
        )

    def _moved(
        self,
        x_range: tuple[float, float] | None = None,
        y_range: tuple[float, float] | None = None,
    ) -> None:
        if x_range is None or y_range is None:
            return
        reach = tuple(round(float(v), 2) for v in (*sorted(x_range), *sorted(y_range)))
        at_whole = all(abs(a - b) < 0.5 for a, b in zip(reach, self._whole, strict=True))
        self._own_range = None if at_whole else reach
        self.selection.raster_range = self._own_range

    def _moved_by_link(self, event: Any) -> None:
        if event.new != self._own_range:
            self._own_range = event.new
            self.update()

    def _redraw(self, *events: Any) -> None:
        if any(event.name == "raster" for event in events):
            size = float(np.prod(shape_of(self.run, self.selection.raster)))
            reach = self.selection.raster_range
            if reach is not None and reach[3] > size:
                self._own_range = None
                self.selection.raster_range = None
        self.update()

    def _tapped(self, x: float | None = None, y: float | None = None) -> None:
        if x is None or y is None:
            return
        column = min(max(0, int(x)), len(self.run.iterations) - 1)
        size = int(np.prod(shape_of(self.run, self.selection.raster)))
        weight = min(max(0, int(y)), size - 1)
        iteration = int(self.run.iterations[column])
        window = self._read((weight, weight + 1), (column, column + 1))
        value = float(window.values[0, 0])
        self.told.object = (
            f"<div data-testid='weight-told'>{self._where(weight)}, iteration {iteration:,}: "
            f"<b>{value:.6g}</b></div>"
        )

    def _where(self, weight: int) -> str:
        shape = shape_of(self.run, self.selection.raster)
        if len(shape) < 2:
            return f"weight {weight:,}"
        place = [int(index) for index in np.unravel_index(weight, shape)]
        names = ["filter", "channel", "kernel row", "kernel column"]
        told = [f"{n} {i}" for n, i in zip(names, place, strict=False)]
        return ", ".join(told) + f" (weight {weight:,})"

    def _picks(self, whole: tuple[float, ...]) -> hv.Overlay:
        picked = self.run.picked_columns(self.selection.iterations)
        lines = [
            hv.VLine(column + 0.5).opts(color=self._inks["pick"], line_width=1) for column in picked
        ]
        return hv.Overlay(lines or [hv.VLine(whole[1]).opts(alpha=0)])

    def _hover(self) -> HoverTool:
        # Cells are whole: the pointer's place is rounded down to its weight and its column.
        weight = CustomJSHover(code="return Math.floor(value).toLocaleString('en')")
        iteration = CustomJSHover(
            args={"iterations": [int(iteration) for iteration in self.run.iterations]},
            code="const n = iterations[Math.floor(value)]; return n === undefined ? '' : `${n}`",
        )
        return HoverTool(
            tooltips=[
                ("weight", "$y{custom}"),
                ("iteration", "$x{custom}"),
                ("value", "@image{0.00000}"),
            ],
            formatters={"$y": weight, "$x": iteration},
        )

    def _finish(self, plot: Any, _element: Any) -> None:
        iterations = [int(iteration) for iteration in self.run.iterations]
        plot.state.xaxis[0].formatter = CustomJSTickFormatter(
            args={"iterations": iterations},
            code="const n = iterations[Math.floor(tick)];"
            "return n === undefined ? '' : n.toLocaleString('en')",
        )
        plot.state.yaxis[0].formatter = CustomJSTickFormatter(
            code="return Math.round(tick).toLocaleString('en')"
        )
        for axis in (plot.state.xaxis[0], plot.state.yaxis[0]):
            axis.ticker = AdaptiveTicker(min_interval=1, num_minor_ticks=0)
            axis.axis_line_color = axis.major_tick_line_color = self._inks["line"]
            axis.major_label_text_color = axis.axis_label_text_color = self._inks["faint"]
            axis.axis_label_text_font_style = "normal"
        # The frame stands under the timeline's, so that an iteration is one vertical line.
        plot.state.min_border_left, plot.state.min_border_right = LEFT_MARGIN, RIGHT_MARGIN
        plot.state.outline_line_color = self._inks["line"]
        plot.state.background_fill_color = plot.state.border_fill_color = None
        plot.state.toolbar.logo = None

    def _whole_button(self) -> pn.widgets.Button:
        return action(
            "Show the whole parameter", lambda: setattr(self.selection, "raster_range", None)
        )


def rasterize_window(
    window: WeightWindow,
    columns: tuple[float, float],
    weights: tuple[float, float],
    width: int,
    height: int,
) -> xr.DataArray:
    """Bring a window to pixels with datashader.

    Returns
    -------
    xarray.DataArray
        float32 [weight, column] of at most `height` x `width`.
    """
    step = int(window.columns[1] - window.columns[0]) if len(window.columns) > 1 else 1
    rows = window.first_weight + window.weights_per_row * (0.5 + np.arange(len(window.values)))
    data = xr.DataArray(
        window.values.astype(np.float32),
        coords={"weight": rows, "column": window.columns + 0.5 * step},
        dims=("weight", "column"),
    )
    # datashader takes a cell's size from its neighbour: a lone one is doubled.
    for dim, size in (("weight", window.weights_per_row), ("column", step)):
        if data.sizes[dim] == 1:
            data = xr.concat([data, data.assign_coords({dim: data[dim] + size})], dim)
    canvas = ds.Canvas(
        plot_width=min(width, max(1, round((columns[1] - columns[0]) * 24))),
        plot_height=min(height, max(1, round((weights[1] - weights[0]) * 24))),
        x_range=columns,
        y_range=weights,
    )
    # Cells become blocks: a weight is a weight, nothing is blended.
    return canvas.raster(data, downsample_method="mean", upsample_method="nearest")

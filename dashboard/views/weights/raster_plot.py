"""The raster's figure: an image of pixels over iterations and weights, changed in place.

It uses no widgets: the weights view shows it on a page, and a notebook can show it too.
"""

from collections.abc import Sequence

import numpy as np
from bokeh.models import (
    AdaptiveTicker,
    ColumnDataSource,
    CustomJSTicker,
    CustomJSTickFormatter,
    Image,
    LinearColorMapper,
    Range1d,
)
from bokeh.models.annotations import ColorBar, Span
from bokeh.plotting import figure

from deeptracker.dashboard.data.colour_bar import label_scale, scale_ticks
from deeptracker.dashboard.data.column_spacing import Spacing
from deeptracker.dashboard.data.weight_raster import Pixels, RasterQuantity
from deeptracker.dashboard.look.theme import (
    DARK,
    LEFT_MARGIN,
    LIGHT,
    PALETTES,
    PALETTES_DARK,
    RIGHT_MARGIN,
)
from deeptracker.dashboard.views.weights.raster_pointer import RasterPointer

__all__ = ["RasterPlot"]

HEIGHT = 520
# Bokeh reads these CSS variables; the page's theme sets the variables they refer to.
# In full screen the page leaves more room (`--dt-room`).
STYLE = f"""
:host {{
  height: max({HEIGHT}px, var(--dt-room, 0px)) !important;
  flex-basis: auto !important;
  max-height: none !important;
  --bk-axis-line-color: var(--dt-line, #d9dee4);
  --bk-major-tick-line-color: var(--dt-line, #d9dee4);
  --bk-major-label-text-color: var(--dt-faint, #52606d);
  --bk-axis-label-text-color: var(--dt-faint, #52606d);
  --bk-outline-line-color: var(--dt-line, #d9dee4);
}}
"""
TOOLBAR_STYLE = ".bk-divider { background-color: var(--dt-line, #d9dee4) !important; }"
# Labels stand at the middle of columns, as in the other charts; as many as fit.
COLUMN_TICKS = """
const { start, end, range } = cb_data
const [frame] = range.frames
const step = Math.max(1, Math.ceil(((end - start) * 62) / Math.max(1, frame.bbox.width)))
const ticks = []
const before = Math.ceil((start - 0.5 - first) / step)
for (let at = first + before * step + 0.5; at <= end; at += step) ticks.push(at)
return ticks
"""


class RasterPlot:
    """A figure of one raster, whose pixels, colours, range and picks are changed in place.

    Parameters
    ----------
    iterations : sequence of int
        Every iteration of the run, by column.
    """

    def __init__(self, iterations: Sequence[int]) -> None:
        listed = [int(iteration) for iteration in iterations]
        self.spacing = Spacing.of(listed, "ordinal")
        self.source = ColumnDataSource({"image": [], "x": [], "y": [], "dw": [], "dh": []})
        self.mapper = LinearColorMapper(palette=list(PALETTES["diverging"]), low=-1, high=1)
        self.x_range, self.y_range = Range1d(start=0, end=1), Range1d(start=1, end=0)
        self.figure = figure(
            height=HEIGHT,
            sizing_mode="stretch_width",
            tools="wheel_zoom,pan,box_zoom,reset,save,tap",
            active_scroll="wheel_zoom",
            active_drag="pan",
            toolbar_location="above",
            x_range=self.x_range,
            y_range=self.y_range,
            x_axis_label="iteration",
            y_axis_label="weight",
            stylesheets=[STYLE],
            output_backend="canvas",
        )
        glyph = Image(image="image", x="x", y="y", dw="dw", dh="dh", color_mapper=self.mapper)
        image = self.figure.add_glyph(self.source, glyph)
        self.pointer = RasterPointer(self.figure, image, listed)
        self._bar = ColorBar(
            color_mapper=self.mapper,
            **scale_ticks(),
            orientation="horizontal",
            height=10,
            padding=4,
            title_text_font_style="normal",
            title_text_font_size="11px",
            major_label_text_font_size="11px",
            background_fill_alpha=0,
        )
        self.figure.add_layout(self._bar, "below")
        self._picks: list[Span] = []
        self._shown = np.empty(0, np.float32)
        self._style(listed)

    def show(self, subject: RasterQuantity, shape: Sequence[int], pixels: Pixels) -> None:
        """Show pixels, and describe the pixel under the pointer."""
        values, weights = pixels.values, pixels.weights
        x0, x1 = (self.spacing.place(column) for column in pixels.columns)
        self._shown = image = np.ascontiguousarray(values.to_numpy(), np.float32)
        self.source.data = {
            "image": [image],
            "x": [x0],
            "y": [weights[0]],
            "dw": [x1 - x0],
            "dh": [weights[1] - weights[0]],
        }
        self.pointer.describe(subject, shape, pixels, (x0, x1))

    def colour(
        self, subject: RasterQuantity, limits: tuple[float, float], *, dark: bool = False
    ) -> None:
        """Set the values of the end colours; values of two signs get a palette around zero.

        Values in sight beyond an end have the end's colour; the label of that end shows this.
        """
        palettes = PALETTES_DARK if dark else PALETTES
        self.mapper.palette = list(palettes["diverging" if subject.is_signed else "blues"])
        self.mapper.low, self.mapper.high = limits
        # A colour bar does not read the CSS variables of the page's theme.
        inks = DARK if dark else LIGHT
        self._bar.title_text_color = self._bar.major_label_text_color = inks["faint"]
        self._bar.bar_line_color = inks["line"]
        self.pointer.line.line_color = inks["faint"]
        what = "gradient" if subject.gradient else "weight"
        self._bar.title = f"{subject.statistic} {what} under a pixel (no unit)"
        label_scale(self._bar, limits, self._shown)

    def space(self, spacing: Spacing) -> None:
        """Set the columns' positions; call `show_range`, `bound`, `pick` and `show` afterwards."""
        if not np.array_equal(spacing.iterations, self.spacing.iterations):
            self._formatters[False].args = {"iterations": spacing.iterations.tolist()}
        self.spacing = spacing
        self.pointer.space(spacing)
        axis = self.figure.xaxis[0]
        axis.ticker = self._tickers[spacing.is_true]
        axis.formatter = self._formatters[spacing.is_true]

    def columns_at(self, *places: float) -> list[float]:
        """Give the columns at positions of the horizontal axis."""
        return [self.spacing.column(place) for place in places]

    def show_range(self, columns: tuple[float, float], weights: tuple[float, float]) -> None:
        """Set the range in sight: first and last column, first and last weight."""
        self._column_ticks.args = {"first": int(columns[0])}
        self.x_range.update(
            start=self.spacing.place(columns[0]), end=self.spacing.place(columns[1])
        )
        # Filter 0 is at the upper end, as in the layer view.
        self.y_range.update(start=weights[1], end=weights[0])

    def bound(self, columns: tuple[float, float], weights: tuple[float, float]) -> None:
        """Set the bounds of panning and zooming; reset shows all within them."""
        first, last = (self.spacing.place(column) for column in columns)
        narrowest = float(np.diff(self.spacing.edges).min())
        self.x_range.update(
            bounds=(first, last), reset_start=first, reset_end=last, min_interval=narrowest
        )
        self.y_range.update(
            bounds=weights, reset_start=weights[1], reset_end=weights[0], min_interval=1
        )

    def pick(self, columns: Sequence[int], *, dark: bool = False) -> None:
        """Mark picked columns by lines."""
        colour = (DARK if dark else LIGHT)["pick"]
        while len(self._picks) < len(columns):
            line = Span(dimension="height", line_width=1)
            self._picks.append(line)
            self.figure.add_layout(line)
        for place, line in enumerate(self._picks):
            shown = place < len(columns)
            line.update(
                location=self.spacing.centre(columns[place]) if shown else 0,
                visible=shown,
                line_color=colour,
            )

    def _style(self, iterations: list[int]) -> None:
        plot = self.figure
        self._column_ticks = CustomJSTicker(args={"first": 0}, major_code=COLUMN_TICKS)
        round_ticks = AdaptiveTicker(min_interval=1, num_minor_ticks=0)
        self._tickers = {False: self._column_ticks, True: round_ticks}
        self._formatters = {
            False: CustomJSTickFormatter(
                args={"iterations": iterations},
                code="const n = iterations[Math.floor(tick)];"
                "return n === undefined ? '' : n.toLocaleString('en')",
            ),
            True: CustomJSTickFormatter(code="return tick.toLocaleString('en')"),
        }
        plot.yaxis.formatter = CustomJSTickFormatter(
            code="return Math.round(tick).toLocaleString('en')"
        )
        for axis in (plot.xaxis[0], plot.yaxis[0]):
            axis.axis_label_text_font_style = "normal"
            axis.axis_label_text_font_size = axis.major_label_text_font_size = "11px"
        plot.yaxis[0].ticker = AdaptiveTicker(min_interval=1, num_minor_ticks=0)
        self.space(self.spacing)
        # The frame lines up with the timeline's, so that an iteration is one vertical line.
        plot.min_border_left, plot.min_border_right = LEFT_MARGIN, RIGHT_MARGIN
        plot.background_fill_color = plot.border_fill_color = None
        plot.grid.visible = False
        plot.toolbar.logo = None
        plot.toolbar.stylesheets = [TOOLBAR_STYLE]

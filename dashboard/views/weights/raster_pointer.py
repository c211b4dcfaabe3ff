"""The pointer on a raster: a card at the pixel, and a line on all charts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.events import MouseEnter, MouseLeave, MouseMove
from bokeh.models import ColumnDataSource, CustomJS, CustomJSHover, HoverTool
from bokeh.models.annotations import Span
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure

from deeptracker.dashboard.data.column_spacing import Spacing
from deeptracker.dashboard.data.weight_raster import Pixels, RasterQuantity
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["RasterPointer"]

SCRIPT = f"{module_of(__file__)}export default onPointer\n"
# The image's columns follow the run's columns: no table of pixels is needed.
EVEN: dict[str, Any] = {"firsts": [], "lasts": [], "start": 0.0, "width": 1.0}
ITERATION = """
if (firsts.length) {
  const pixel = Math.min(firsts.length - 1, Math.max(0, Math.floor((value - start) / width)))
  const last = Math.min(iterations.length - 1, lasts[pixel])
  const ends = [...new Set([iterations[firsts[pixel]], iterations[last]])]
  return ends.map((n) => n.toLocaleString('en')).join(' to ')
}
const column = Math.floor(value)
const n = iterations[column]
if (n === undefined) return ''
if (step <= 1) return n.toLocaleString('en')
const from = first + Math.floor((column - first) / step) * step
const to = Math.min(iterations.length - 1, from + step - 1)
return `${iterations[from].toLocaleString('en')} to ${iterations[to].toLocaleString('en')}`
"""
PLACE = """
const size = shape.reduce((a, b) => a * b, 1)
const inside = (w) => Math.min(size - 1, Math.max(0, w))
const words = (w) => w.toLocaleString('en')
if (per > 1) {
  const low = inside(Math.floor(value / per) * per), high = inside(low + per - 1)
  const text = `weights ${words(low)} to ${words(high)}`
  if (shape.length < 2) return text
  const each = size / shape[0]
  const from = Math.floor(low / each), to = Math.floor(high / each)
  return from === to ? `filter ${from}, ${text}` : `filters ${from} to ${to}, ${text}`
}
let rest = inside(Math.floor(value))
const weight = `weight ${words(rest)}`
if (shape.length < 2) return weight
const places = []
for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
  places.unshift(rest % shape[axis])
  rest = Math.floor(rest / shape[axis])
}
const kernel = places.slice(2)
const parts = [`filter ${places[0]}`, `channel ${places[1]}`]
if (kernel.length) parts.push(`kernel (${kernel.join(', ')})`)
return `${parts.join(', ')}; ${weight}`
"""
VALUE = """
const shown = Number.isFinite(value) ? Number(value).toPrecision(exact ? 7 : 4) : 'not recorded'
return `${shown} (${words})`
"""


class RasterPointer:
    """The card at the pointer, and the line at its iteration, which all charts share.

    Parameters
    ----------
    plot : bokeh.plotting.figure
        Of the raster.
    image : bokeh.models.GlyphRenderer
        The raster itself.
    iterations : sequence of int
        Every iteration of the run, by column.
    """

    def __init__(self, plot: figure, image: GlyphRenderer, iterations: Sequence[int]) -> None:
        self._iteration = CustomJSHover(
            args={"iterations": list(iterations), "step": 1, "first": 0, **EVEN}, code=ITERATION
        )
        self._place = CustomJSHover(args={"shape": [1], "per": 1}, code=PLACE)
        self._value = CustomJSHover(args={"words": "", "exact": False}, code=VALUE)
        plot.add_tools(
            HoverTool(
                renderers=[image],
                tooltips=[
                    ("iteration", "$x{custom}"),
                    ("where", "$y{custom}"),
                    ("value", "@image{custom}"),
                ],
                formatters={"$x": self._iteration, "$y": self._place, "@image": self._value},
            )
        )
        self.line = Span(dimension="height", location=0, line_alpha=0.65, visible=False)
        plot.add_layout(self.line)
        self.columns = ColumnDataSource({"from": [], "to": [], "centre": []})
        args = {"plot": plot, "line": self.line, "columns": self.columns}
        on_pointer = CustomJS(args=args, code=SCRIPT)
        for event in (MouseEnter, MouseMove, MouseLeave):
            plot.js_on_event(event, on_pointer)
        # From the first layout on: other charts may point at iterations before this one does.
        plot.js_on_change("inner_width", on_pointer)

    def space(self, spacing: Spacing) -> None:
        """Set the positions of columns."""
        edges = spacing.edges
        centres = [spacing.centre(column) for column in range(len(spacing.iterations))]
        self.columns.data = {"from": edges[:-1], "to": edges[1:], "centre": np.array(centres)}
        self._iteration.args = self._iteration.args | {"iterations": spacing.iterations.tolist()}

    def describe(
        self,
        subject: RasterQuantity,
        shape: Sequence[int],
        pixels: Pixels,
        span: tuple[float, float],
    ) -> None:
        """Describe pixels that fill a range of the horizontal axis."""
        window = pixels.window
        per = max(window.weights_per_row, int(np.ceil(pixels.weights_per_pixel - 1e-9)))
        self._place.args = {"shape": list(shape) or [1], "per": per}
        several = f"{per:,} weights" if per > 1 else "the iterations"
        words = "exact" if pixels.is_exact else f"{subject.statistic} of {several}"
        self._value.args = {"words": words, "exact": pixels.is_exact}
        self._iteration.args = self._iteration.args | {
            "step": window.step,
            "first": int(window.columns[0]),
            **(EVEN if pixels.runs is None else _pointed(pixels.runs, *span)),
        }


def _pointed(runs: np.ndarray, start: float, end: float) -> dict[str, Any]:
    """Give the values by which `ITERATION` finds the iterations under a position."""
    return {
        "firsts": runs[:, 0].tolist(),
        "lasts": runs[:, 1].tolist(),
        "start": start,
        "width": (end - start) / len(runs),
    }

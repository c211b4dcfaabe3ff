"""Row charts: heat lines, pixel charts and small multiples stacked over one time axis."""

from collections.abc import Sequence
from typing import Any

import param

from deeptracker.dashboard.look.theme import LEFT_MARGIN, RIGHT_MARGIN, lookup_table
from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of
from deeptracker.dashboard.widgets.rows import Row, packed

__all__ = ["AXIS_HEIGHT", "RowChart"]

GAP, AXIS_HEIGHT, OVERVIEW_HEIGHT = 4, 22, 22  # as in chart_sheet.js and overview.js


class RowChart(Component):
    """Rows over the shared time axis.

    A person's action arrives as `event`: a dict with ``type`` (pick, label, toggle, brush, reset,
    step), ``row`` (its id), ``line`` (of an image, else -1) and ``column``.
    """

    iterations = param.List(default=[], doc="every recorded iteration")
    first = param.Integer(default=0, doc="first column shown")
    last = param.Integer(default=0, doc="last column shown")
    rows = param.List(default=[])
    data = param.Bytes(default=b"")
    palettes = param.Dict(default={}, doc="name: 256 RGBA colours, light and then dark")
    overview = param.List(default=[], doc="share in 0..1 of each column, drawn in the overview")
    picked = param.List(default=[], doc="picked columns")
    selected = param.List(default=[], doc="ids of picked rows")
    left = param.Integer(default=LEFT_MARGIN)
    right = param.Integer(default=RIGHT_MARGIN)
    scroll_height = param.Integer(default=0, doc="scroll beyond this many pixels; never if 0")
    show_axis = param.Boolean(default=True)
    can_brush = param.Boolean(default=False)
    fills = param.Boolean(default=False, doc="whether it grows if its view is in full screen")
    test_id = param.String(default="rows")
    description = param.String(default="", doc="what the chart shows, in words")

    _esm = module_of(__file__)

    def draw(self, rows: Sequence[Row], **values: Any) -> None:
        """Draw these rows, and set other parameters in the same message."""
        plain, data = packed(rows)
        names = {str(row.options["palette"]) for row in rows if "palette" in row.options}
        palettes = {
            name: lookup_table(name) + lookup_table(name, dark=True) for name in sorted(names)
        }
        self.param.update(
            rows=plain,
            data=data,
            palettes=palettes,
            height=self._height_of(rows),
            **values,
        )

    def _height_of(self, rows: Sequence[Row]) -> int:
        whole = GAP + sum(row.height + float(row.options.get("gap", GAP)) for row in rows)
        shown = min(whole, self.scroll_height) if self.scroll_height else whole
        axes = (AXIS_HEIGHT * self.show_axis) + (OVERVIEW_HEIGHT * self.can_brush)
        return int(shown) + axes + 1

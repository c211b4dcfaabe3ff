"""A row chart of any length: the browser requests the rows in sight; only those are sent."""

from collections.abc import Sequence
from typing import Any

import param

from deeptracker.dashboard.widgets.modules import module_of
from deeptracker.dashboard.widgets.row_chart import AXIS_HEIGHT, RowChart
from deeptracker.dashboard.widgets.rows import Row

__all__ = ["TreeChart"]


class TreeChart(RowChart):
    """Rows at given heights of a long canvas.

    Rows have their ``top`` in their options. In addition to the types of a `RowChart`, `event` may
    be ``sight`` (with ``top`` and ``bottom``: the rows between them are needed), ``enlarge`` or
    ``select`` (with ``row``).
    """

    total = param.Number(default=0.0, doc="CSS pixels of all rows")
    sent = param.Tuple(default=(0.0, 0.0), length=2, doc="between which heights rows were sent")
    marks = param.Dict(default={}, doc="by row id: [line, 'top' | 'common' | 'picked'] of filters")
    enlarged = param.String(default="", doc="id of the enlarged row")
    scroll_target = param.Dict(default={}, doc="a row to scroll to: top, height, and a count")

    _esm = module_of(__file__)

    _whole = 0.0

    def scroll_to(self, top: float, height: float) -> None:
        """Scroll a row into sight."""
        count = int(self.scroll_target.get("count", 0)) + 1
        self.scroll_target = {"top": top, "height": height, "count": count}

    def draw_between(
        self, rows: Sequence[Row], top: float, bottom: float, total: float, **values: Any
    ) -> None:
        """Draw the rows between two heights of a canvas `total` CSS pixels high."""
        self._whole = total
        self.draw(rows, sent=(top, bottom), total=total, **values)

    def _height_of(self, _rows: Sequence[Row]) -> int:
        shown = int(min(self._whole, self.scroll_height))
        return shown + (AXIS_HEIGHT if self.show_axis else 0) + 1

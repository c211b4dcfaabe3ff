"""Row charts: heat lines, pixel charts and small multiples stacked over one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import param

from dashboard.canvas.component import Component
from dashboard.theme import LEFT_MARGIN, RIGHT_MARGIN, lookup_table

__all__ = ["Row", "RowChart", "module_of"]

HERE = Path(__file__).parent
GAP, AXIS_HEIGHT, OVERVIEW_HEIGHT = 4, 22, 22  # as in rowchart.js and overview.js


def module_of(*names: str) -> str:
    """Join scripts of this folder to one module; the last one exports ``render``."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


@dataclass(frozen=True)
class Row:
    """One row of a chart.

    Attributes
    ----------
    id : str
        Comes back in events.
    kind : {"image", "lines", "curves", "marks", "none"}
        How it is drawn; see ``rows.js``. A `TreeChart` also knows those of ``multiples.js``.
    height : float
        CSS pixels.
    arrays : tuple of numpy.ndarray
        uint8 levels [line, column] or float32 series [column], as the kind needs.
    options : dict
        Anything else the drawer knows: label, detail, indent, toggle, palette, low, high, …
    """

    id: str
    kind: str
    height: float
    arrays: tuple[np.ndarray, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


class RowChart(Component):
    """Rows over the shared time axis.

    What a person does arrives as `event`: a dict with ``type`` (pick, label, toggle, brush, reset,
    step), ``row`` (its id), ``line`` (of an image, else -1) and ``column``.
    """

    iterations = param.List(default=[], doc="every recorded iteration")
    first = param.Integer(default=0, doc="first column shown")
    last = param.Integer(default=0, doc="last column shown")
    rows = param.List(default=[])
    data = param.Bytes(default=b"")
    palettes = param.Dict(default={}, doc="name: 256 RGBA colours, light and then dark")
    overview = param.List(default=[], doc="share in 0..1 a column, drawn in the strip of the run")
    picked = param.List(default=[], doc="picked columns")
    selected = param.List(default=[], doc="ids of picked rows")
    left = param.Integer(default=LEFT_MARGIN)
    right = param.Integer(default=RIGHT_MARGIN)
    scroll_height = param.Integer(default=0, doc="scroll beyond this many pixels; never if 0")
    show_axis = param.Boolean(default=True)
    can_brush = param.Boolean(default=False)
    fills = param.Boolean(default=False, doc="grows with the screen that its view fills")
    test_id = param.String(default="rows")
    description = param.String(default="", doc="what the chart shows, in words")

    _esm = module_of("axes.js", "rows.js", "overview.js", "rowchart.js", "rowchart.render.js")

    def draw(self, rows: Sequence[Row], **values: Any) -> None:
        """Draw these rows, and take over other parameters in the same message."""
        packed: list[dict[str, Any]] = []
        chunks: list[bytes] = []
        offset = 0
        for row in rows:
            places = []
            for array in row.arrays:
                levels = array.dtype == np.uint8
                content = np.ascontiguousarray(array, np.uint8 if levels else "<f4").tobytes()
                content += b"\0" * (-len(content) % 4)
                dtype = "u1" if levels else "f4"
                places.append({"offset": offset, "dtype": dtype, "shape": list(array.shape)})
                chunks.append(content)
                offset += len(content)
            packed.append(
                row.options
                | {"id": row.id, "kind": row.kind, "height": row.height, "arrays": places}
            )
        names = {str(row.options["palette"]) for row in rows if "palette" in row.options}
        palettes = {
            name: lookup_table(name) + lookup_table(name, dark=True) for name in sorted(names)
        }
        self.param.update(
            rows=packed,
            data=b"".join(chunks),
            palettes=palettes,
            height=self._height_of(rows),
            **values,
        )

    def _height_of(self, rows: Sequence[Row]) -> int:
        whole = GAP + sum(row.height + float(row.options.get("gap", GAP)) for row in rows)
        shown = min(whole, self.scroll_height) if self.scroll_height else whole
        beside = (AXIS_HEIGHT * self.show_axis) + (OVERVIEW_HEIGHT * self.can_brush)
        return int(shown) + beside + 1

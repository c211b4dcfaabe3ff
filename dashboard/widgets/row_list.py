"""A long list of rows over the shared time axis; only the rows in sight are sent.

Python computes the height of the whole list. The browser reports the part in sight, and gets the
rows of that part and of one screen above and below it. So a list of a thousand rows costs as much
as a list of thirty.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import param

from deeptracker.dashboard.look.theme import LEFT_MARGIN, RIGHT_MARGIN, lookup_table
from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of
from deeptracker.dashboard.widgets.row_chart import AXIS_HEIGHT
from deeptracker.dashboard.widgets.rows import Row, packed

__all__ = ["Entry", "RowList"]

PALETTES = ("blues", "outcome", "classes")


@dataclass(frozen=True)
class Entry:
    """The place of a row in the list.

    Attributes
    ----------
    id : str
        Identifies the row in events.
    height : float
        CSS pixels, with the gap below.
    """

    id: str
    height: float


class RowList(Component):
    """Rows of kind ``heat``, ``outcome``, ``label`` and ``amount``; see ``row_list.js``.

    A person's action arrives as `event`: a dict with ``type`` (pick, label, toggle, reset),
    ``row`` (its id), ``line`` (of several in a row, else -1) and ``column``.
    """

    iterations = param.List(default=[], doc="every recorded iteration")
    first = param.Integer(default=0, doc="first column shown")
    last = param.Integer(default=0, doc="last column shown")
    rows = param.List(default=[], doc="the rows sent, each with its top in the list")
    data = param.Bytes(default=b"")
    cover = param.List(default=[0, 0], doc="top and bottom of what was sent")
    total = param.Number(default=0, doc="height of the whole list")
    entries = param.Integer(default=0, doc="rows of the whole list")
    palettes = param.Dict(default={})
    picked = param.List(default=[], doc="picked columns")
    selected = param.List(default=[], doc="ids of picked rows")
    opened = param.List(default=[], doc="numbers of the lines to mark, as in a row's `members`")
    left = param.Integer(default=LEFT_MARGIN)
    right = param.Integer(default=RIGHT_MARGIN)
    room = param.Integer(default=560, doc="height of what is in sight, reported by the browser")
    pixels = param.Integer(
        default=1024,
        bounds=(1, 4096),
        doc="pixels across the chart, about, reported by the browser",
    )
    scroll_target = param.Dict(default={}, doc="what to bring into sight: top, height, and a count")
    test_id = param.String(default="rowlist")
    description = param.String(default="", doc="what the list shows, in words")
    sight = param.Dict(default={}, doc="top of what is in sight, reported by the browser")

    _esm = module_of(__file__)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._entries: list[Entry] = []
        self._tops: list[float] = [0.0]
        self._row_of: Callable[[int], Row] | None = None
        self._reached = 0
        self.palettes = {
            name: lookup_table(name) + lookup_table(name, dark=True) for name in PALETTES
        }
        self.param.watch(self._send_sight, ["sight", "room"])

    def fill(self, entries: Sequence[Entry], row_of: Callable[[int], Row], **values: Any) -> None:
        """List these rows, and set other parameters in the same message.

        Parameters
        ----------
        entries : sequence of Entry
            All rows of the list.
        row_of : callable
            Draws the row of a place in `entries`; called only for rows in sight.
        """
        self._entries = list(entries)
        self._tops = [0.0, *np.cumsum([entry.height for entry in entries]).tolist()]
        self._row_of = row_of
        total = self._tops[-1]
        top = min(float(self.sight.get("top", 0)), max(0.0, total - self.room))
        self.param.update(
            **self._sent(top),
            total=total,
            entries=len(entries),
            height=self._height_of(total),
            **values,
        )

    def scroll_to(self, key: str, line: float = 0.0, height: float | None = None) -> None:
        """Scroll the row of an id into sight, if it is out of sight.

        Parameters
        ----------
        key : str
        line, height : float
            CSS pixels: start (from the row's top) and height of a part of the row. Without them,
            the whole row.
        """
        place = next((i for i, entry in enumerate(self._entries) if entry.id == key), None)
        if place is None:
            return
        top = self._tops[place] + line
        height = self._entries[place].height - line if height is None else height
        self._reached += 1
        low, high = self.cover
        is_sent = low <= max(0.0, top - self.room) and min(high, self._tops[-1]) >= top + height
        self.param.update(
            **({} if is_sent else self._sent(top)),
            scroll_target={"top": top, "height": height, "count": self._reached},
            # The browser soon reports the new position; use this one until then.
            sight={"top": top},
        )

    def _height_of(self, total: float) -> int:
        return int(min(total, self.room)) + AXIS_HEIGHT + 1

    def _send_sight(self, *_: Any) -> None:
        self.height = self._height_of(float(self.total))
        top = float(self.sight.get("top", 0))
        low, high = self.cover
        margin = self.room / 2
        above = low > 0 and top - low < margin
        below = high < self.total and high - top - self.room < margin
        if self._row_of and (above or below):
            self.param.update(**self._sent(top))

    def _sent(self, top: float) -> dict[str, Any]:
        """Give the rows in sight from `top` on, and those of one screen above and below."""
        assert self._row_of
        if not self._entries:
            return {"rows": [], "data": b"", "cover": [0, 0]}
        first = max(0, bisect_right(self._tops, max(0.0, top - self.room)) - 1)
        last = min(len(self._entries), bisect_left(self._tops, top + 2 * self.room))
        rows = [self._row_of(place) for place in range(first, last)]
        plain, data = packed(rows)
        for place, row in zip(range(first, last), plain, strict=True):
            row["top"] = self._tops[place]
        return {"rows": plain, "data": data, "cover": [self._tops[first], self._tops[last]]}

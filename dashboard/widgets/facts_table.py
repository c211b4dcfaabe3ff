"""A table whose rows can be sorted and clicked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import param

from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["Column", "FactsTable"]


@dataclass(frozen=True)
class Column:
    """A column: its title, and the kind of its cells.

    Cells are text or numbers; None if empty; or a dict whose ``value`` sorts the rows. Cells of
    the kind ``severity`` are a severity's name. ``link`` cells have ``href``. ``curve`` cells have
    ``text``, ``title`` and ``points`` [point, (x, y)] in the unit square, y downward.
    ``severities`` cells have ``counts``, in words, by severity.
    """

    title: str
    kind: Literal["text", "number", "severity", "link", "curve", "severities"] = "text"


class FactsTable(Component):
    """Rows of cells under titles; a click on a title sorts, a click on a row is an `event`.

    The event has ``row``, the row's place in `rows`. If a row has fewer cells than there are
    columns, its last cell spans the rest of the line.
    """

    columns = param.List(default=[])
    rows = param.List(default=[], doc="cells of each row, as `Column` describes")
    room = param.Integer(default=420, doc="scrolls beyond this many pixels; never if 0")
    clickable = param.Boolean(default=False, doc="whether a row can be clicked")
    test_id = param.String(default="facts")
    description = param.String(default="", doc="what is listed, for screen readers")

    _esm = module_of(__file__)

    def fill(self, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
        """Fill the table with rows."""
        self.param.update(
            columns=[vars(column) for column in columns], rows=[list(row) for row in rows]
        )

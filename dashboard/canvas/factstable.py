"""A table whose rows can be sorted, and lead somewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import param

from dashboard.canvas.component import Component

__all__ = ["Column", "FactsTable"]

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Column:
    """A column: its title, and whether its cells are numbers or names of severities."""

    title: str
    kind: str = "text"


class FactsTable(Component):
    """Rows of cells under titles; a click on a title sorts, a click on a row is an `event`.

    The event has ``row``, the row's place in `rows`.
    """

    columns = param.List(default=[])
    rows = param.List(default=[], doc="cells of each row: text or numbers, None for nothing")
    room = param.Integer(default=420, doc="scrolls beyond this many pixels")
    leads = param.Boolean(default=False, doc="whether a row can be clicked")
    test_id = param.String(default="facts")
    description = param.String(default="", doc="what is listed, in words")

    _esm = (HERE / "factstable.js").read_text(encoding="utf-8")

    def fill(self, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
        """Fill the table with rows."""
        self.param.update(
            columns=[vars(column) for column in columns], rows=[list(row) for row in rows]
        )

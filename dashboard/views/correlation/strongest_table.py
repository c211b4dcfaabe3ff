"""The table of the cube's strongest cells, each row a link."""

from pathlib import Path

import param

from deeptracker.dashboard.widgets.component import Component

__all__ = ["TripleTable"]

HERE = Path(__file__).parent


class TripleTable(Component):
    """Rows of class, layer, filter, iteration and score.

    A click arrives as `event`: a dict with the row's ``place`` and ``what``: cell or filter.
    """

    rows = param.List(
        default=[], doc="dicts of class_, layer, filter, iteration, images, filters, score"
    )
    picked = param.Integer(default=-1, doc="the row that is selected")

    _esm = (HERE / "strongest_table.js").read_text(encoding="utf-8")

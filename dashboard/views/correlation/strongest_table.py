"""The table of the cube's strongest cells, each row a link."""

import param

from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["StrongestTable"]


class StrongestTable(Component):
    """Rows of class, layer, filter, iteration and score.

    A click arrives as `event`: a dict with the row's ``place`` and ``what``: cell or filter.
    """

    rows = param.List(
        default=[], doc="dicts of class_, layer, filter, iteration, images, filters, score"
    )
    picked = param.Integer(default=-1, doc="the row that is selected")

    _esm = module_of(__file__)

"""A list of names to tick, such as the scalars to draw."""

import param
from panel.custom import JSComponent

from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["TickList"]


class TickList(JSComponent):
    """A title with a count, and names to tick; names that do not fit end in an ellipsis.

    If there are very many names, only some are listed, with a field to search the others.
    """

    title = param.String(default="")
    names = param.List(default=[], item_type=str)
    count = param.Integer(default=0, doc="how many names there are, listed or not")
    search = param.String(default="", doc="words in the names to list")
    ticked = param.List(default=[], item_type=str, doc="those of the names that are drawn")
    test_id = param.String(default="")

    _esm = module_of(__file__)

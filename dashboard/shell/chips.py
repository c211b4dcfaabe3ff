"""The picks as chips: a click on a chip drops its pick."""

import param

from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["Chips"]


class Chips(Component):
    """A title and any number of chips in one element.

    A click arrives as `event`: a dict with the chip's ``place`` and its text, ``shown``.
    """

    title = param.String(default="")
    chips = param.List(default=[], item_type=str)
    hint = param.String(default="", doc="shown where there are no chips")

    _esm = module_of(__file__)

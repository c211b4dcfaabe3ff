"""What is picked, as chips: a click on one drops it."""

import param

from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["Chips"]


class Chips(Component):
    """A title and chips, in one element however many there are.

    A click arrives as `event`: a dict with the chip's ``place`` and what it ``shown``.
    """

    title = param.String(default="")
    chips = param.List(default=[], item_type=str)
    hint = param.String(default="", doc="shown where there are no chips")

    _esm = module_of(__file__)

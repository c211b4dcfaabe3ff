"""Cards of incidents, drawn in the browser."""

import param

from deeptracker.dashboard.widgets.component import Component
from deeptracker.dashboard.widgets.modules import module_of

__all__ = ["IncidentCards"]


class IncidentCards(Component):
    """One card an incident; a press on a button arrives as `event`: ``card`` and ``view``."""

    cards = param.List(
        default=[], doc="dicts of severity, at, until, title, message and places [view, label]"
    )
    summary = param.String(default="", doc="the line above the cards")
    test_id = param.String(default="incidents")

    _esm = module_of(__file__)
